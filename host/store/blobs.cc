#include "store/blobs.h"

#include <fmt/format.h>

#include "base/files.h"
#include "base/hex.h"
#include "base/log.h"
#include "store/pg_array.h"

namespace planwright {

Result<StagedBlob> Blobs::stage(int fd, std::int64_t limitBytes, const ReadCheck& check) {
  return large_.stage(fd, limitBytes, check);
}

StagedBlob Blobs::stageBytes(std::string_view bytes) {
  if (bytes.size() > static_cast<std::size_t>(kSmallBlobBytes)) return large_.stageBytes(bytes);
  return {Digest::of(bytes), static_cast<std::int64_t>(bytes.size()), std::string(bytes)};
}

Result<UniqueFd> Blobs::open(const Digest& digest) {
  const Rows rows = database_.lease()->run("find_blob", {digest.text()});
  if (rows.empty()) return notFound("There is no blob " + digest.text() + ".");
  auto file = read(digest, rows.bytes(0, "content"));
  const bool isLost = !file && isLostBlob(file.error());
  if (isLost != rows.flag(0, "is_lost")) note(digest, isLost ? &file.error() : nullptr);
  return file;
}

Result<UniqueFd> Blobs::read(const Digest& digest, const std::optional<std::string>& content) {
  if (content && Digest::of(*content) == digest) return memoryFile(*content);
  if (content)
    return Error{ErrorKind::Unavailable,
                 fmt::format("The bytes of {} in the database are damaged.", digest.text()),
                 std::string(kBlobDamaged),
                 {}};
  auto file = large_.open(digest);
  if (file || file.error().kind != ErrorKind::NotFound) return file;
  return Error{ErrorKind::Unavailable,
               fmt::format("The bytes of {} are missing from the blob store.", digest.text()),
               std::string(kBlobMissing),
               {}};
}

/// That its bytes are lost, or (null) there again. Several may see it; the first one writes it.
void Blobs::note(const Digest& digest, const Error* loss) {
  auto connection = database_.lease();
  if (!loss) {
    if (connection->run("blob_is_back", {digest.text()}).empty()) return;
    metrics_.add("planwright_blobs_healed_total");
    log::info("blob {} is back", digest.text());
    return;
  }
  const std::string what = loss->code == kBlobMissing ? "missing" : "damaged";
  if (connection->run("blob_is_lost", {digest.text(), what, loss->message}).empty()) return;
  metrics_.add("planwright_blobs_lost_total", {{"what", what}});
  log::error("lost blob: {} See planwright doctor.", loss->message);
}

void Blobs::record(Connection& connection, const std::vector<StagedBlob>& blobs) {
  if (blobs.empty()) return;
  PgArray digests, sizes, contents;
  for (const auto& blob : blobs) {
    digests.add(blob.digest.text());
    sizes.add(blob.sizeBytes);
    contents.add(blob.content ? std::optional(toHex(*blob.content)) : std::nullopt);
  }
  connection.run("record_blobs", {digests.take(), sizes.take(), contents.take()});
}

}  // namespace planwright
