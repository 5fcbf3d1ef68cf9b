#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/blob_store.h"
#include "intake/stat_signature.h"

namespace planwright {

/// What happens to older, still unplanned inputs when newer content of the same name is recorded.
enum class OverwritePolicy {
  Every,   ///< they are planned too
  Latest,  ///< they become superseded, with a link to the new one
};

/// One file whose content is safe in the blob store, ready to become a pending input.
struct RecordedFile {
  std::string name;  ///< relative to the source's folder, '/'-separated, UTF-8
  StagedBlob blob;
  /// Of the file at the moment of the snapshot. A default one means "do not skip by signature": the
  /// source has no files, the last change is so young that another could hide behind its times, or
  /// the file system's times miss some writes (tmpfs).
  StatSignature signature;
  std::string attributesJson;  ///< object from the source, or empty
};

/// What one transaction records: at most kRecordBatch files, no name twice.
struct RecordBatch {
  std::string queue;
  std::string source;  ///< the source's name in the queue, e.g. "folder"
  OverwritePolicy policy = OverwritePolicy::Every;
  std::vector<RecordedFile> files;
  /// Set when all that the source reported up to this cursor is recorded with or before this batch.
  std::optional<std::string> cursor;
};

inline constexpr std::size_t kRecordBatch = 100;

enum class RecordOutcome {
  Recorded,   ///< a new row: the name is new, or its newest row has another digest
  Unchanged,  ///< same digest as the newest row of that queue and name: only the signature is noted
};

struct RecordResult {
  /// False: another instance polls this source now; nothing was written, the files stay arriving.
  bool isHolder = true;
  std::vector<RecordOutcome> outcomes;  ///< one per file, in order; empty if !isHolder
};

/// A name whose newest content is recorded, and the signature it had.
struct KnownFile {
  std::string name;
  StatSignature signature;
};

/// What intake needs from the store: `source_files(queue, filename)` keeps digest, signature and
/// generation, so that A -> B -> A becomes three inputs and the same content none. Every function
/// may throw when the store is away; nothing is lost then, intake tries again. [intake thread of
/// the queue]
class InputRecorder {
 public:
  virtual ~InputRecorder() = default;
  /// One transaction: rows, their events, `queued_at` where auto_plan is on, cursor; then the
  /// tickets.
  virtual RecordResult record(const RecordBatch& batch) = 0;
  /// Every file of that queue and source with a stored signature. Read when polling starts.
  virtual std::vector<KnownFile> known(std::string_view queue, std::string_view source) = 0;
  /// The cursor stored last, or "".
  virtual std::string cursor(std::string_view queue, std::string_view source) = 0;
  /// An event: this file will not become an input, and why. `name` is UTF-8 (other bytes as \xNN).
  virtual void refused(std::string_view queue, std::string_view name, std::string_view reason) = 0;
  /// An event of the source itself: leases do not work there, or what it emitted. `bodyJson`: an
  /// object with "message". `level`: info, warning or error.
  virtual void sourceEvent(std::string_view queue, std::string_view type, std::string_view level,
                           std::string_view bodyJson) = 0;
};

}  // namespace planwright
