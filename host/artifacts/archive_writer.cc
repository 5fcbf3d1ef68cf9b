#include "artifacts/archive_writer.h"

#include <cerrno>
#include <clocale>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <unistd.h>

namespace planwright {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

/// libarchive reads names in the thread's locale; ours are UTF-8. For this scope.
class Utf8Names {
 public:
  Utf8Names() : utf8_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (utf8_) before_ = ::uselocale(utf8_);
  }
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;
  ~Utf8Names() {
    if (!utf8_) return;
    ::uselocale(before_);
    ::freelocale(utf8_);
  }

 private:
  const locale_t utf8_;
  locale_t before_{};
};

struct FreeArchive {
  void operator()(archive* written) const { archive_write_free(written); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

}  // namespace

struct ArchiveWriter::State {
  const std::int64_t fileTime;
  const ByteSink sink;
  std::exception_ptr thrown;  ///< by the sink
  bool isAbandoned = false;
  bool isFinished = false;
  std::vector<char> piece = std::vector<char>(kReadBytes);
  std::string path;  ///< of the file that is being written
  std::int64_t sizeBytes = 0, doneBytes = 0;
  std::unique_ptr<archive, FreeArchive> written{archive_write_new()};

  State(std::int64_t time, ByteSink to) : fileTime(time), sink(std::move(to)) {}

  static la_ssize_t take(archive*, void* data, const void* bytes, size_t size) {
    auto& state = *static_cast<State*>(data);
    // libarchive 3.6 does not free the buffers of an archive whose writing failed, so it never
    // hears of a failure: check() looks for what the sink threw. What ends an abandoned archive,
    // libarchive's own destructor, is not to be sent either.
    try {
      if (!state.thrown && !state.isAbandoned) state.sink({static_cast<const char*>(bytes), size});
    } catch (...) {
      state.thrown = std::current_exception();
    }
    return static_cast<la_ssize_t>(size);
  }

  void check(la_ssize_t result) {
    if (thrown) std::rethrow_exception(thrown);
    if (result >= ARCHIVE_OK || result == ARCHIVE_WARN) return;
    const char* text = archive_error_string(written.get());
    throw std::runtime_error(fmt::format("cannot write the archive: {}", text ? text : "?"));
  }
};

ArchiveWriter::ArchiveWriter(ArchiveFormat format, std::int64_t fileTime, ByteSink sink)
    : state_(std::make_unique<State>(fileTime, std::move(sink))) {
  archive* written = state_->written.get();
  if (format != ArchiveFormat::Zip) {
    if (format == ArchiveFormat::TarGz) state_->check(archive_write_add_filter_gzip(written));
    state_->check(archive_write_set_format_pax_restricted(written));
  } else {
    state_->check(archive_write_set_format_zip(written));
    state_->check(archive_write_set_options(written, "zip:compression-level=1"));
  }
  archive_write_set_bytes_per_block(written, 64 * 1024);
  archive_write_set_bytes_in_last_block(written, 1);
  state_->check(archive_write_open(written, state_.get(), nullptr, &State::take, nullptr));
}

ArchiveWriter::~ArchiveWriter() {
  state_->isAbandoned = !state_->isFinished;
}

void ArchiveWriter::add(const std::string& path, unsigned mode, std::int64_t sizeBytes, int fd) {
  begin(path, mode, sizeBytes);
  while (copy(fd)) {
  }
}

void ArchiveWriter::begin(const std::string& path, unsigned mode, std::int64_t sizeBytes) {
  const Utf8Names names;
  const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), path.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), static_cast<__LA_MODE_T>(mode & 0777));
  archive_entry_set_size(entry.get(), sizeBytes);
  archive_entry_set_mtime(entry.get(), state_->fileTime, 0);
  state_->check(archive_write_header(state_->written.get(), entry.get()));
  state_->path = path;
  state_->sizeBytes = sizeBytes;
  state_->doneBytes = 0;
}

bool ArchiveWriter::copy(int fd) {
  ssize_t n = 0;
  do {
    n = ::read(fd, state_->piece.data(), state_->piece.size());
  } while (n < 0 && errno == EINTR);
  if (n < 0) throw std::system_error(errno, std::generic_category(), "cannot read " + state_->path);
  state_->doneBytes += n;
  const bool isTooLong = state_->doneBytes > state_->sizeBytes;
  if (isTooLong || (n == 0 && state_->doneBytes != state_->sizeBytes))
    throw std::runtime_error(state_->path + " has another size than was recorded");
  if (n == 0) {
    state_->check(archive_write_finish_entry(state_->written.get()));
    return false;
  }
  state_->check(
      archive_write_data(state_->written.get(), state_->piece.data(), static_cast<std::size_t>(n)));
  return true;
}

void ArchiveWriter::finish() {
  const Utf8Names names;
  state_->isFinished = true;
  state_->check(archive_write_close(state_->written.get()));
}

}  // namespace planwright
