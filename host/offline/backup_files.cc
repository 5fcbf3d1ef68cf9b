#include "offline/backup_files.h"

#include <cerrno>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/files.h"
#include "base/json.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// Calls `take` with every piece of the file.
void readPieces(int fd, const std::function<void(std::string_view)>& take) {
  std::vector<char> buffer(kPieceBytes);
  for (;;) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("cannot read");
    if (n == 0) return;
    take({buffer.data(), static_cast<std::size_t>(n)});
  }
}

}  // namespace

std::string BackupInfo::json() const {
  return JsonWriter()
      .object()
      .member("format", format)
      .member("planwright", program)
      .member("schema", schema)
      .member("postgres", serverMajor)
      .member("blobs", blobs)
      .member("bytes", bytes)
      .member("rows_digest", rowsDigest)
      .member("made_at", madeAt)
      .member("plugins", plugins)
      .member("key_id", keyId)
      .member("key_kept_in", keyKeptIn)
      .end()
      .take();
}

Result<BackupInfo> BackupInfo::read(const fs::path& folder) {
  const fs::path file = folder / "backup.json";
  if (!fs::exists(file))
    return invalid(
        fmt::format("{} holds no backup, or one that was not finished: it has no "
                    "backup.json.",
                    folder.string()));
  const auto json = parseJson(readFile(file, 1 << 20));
  if (!json) return json.error();
  BackupInfo info;
  info.format = static_cast<int>(numberOr(*json, "format", 0));
  info.program = textOr(*json, "planwright");
  info.schema = textOr(*json, "schema");
  info.serverMajor = static_cast<int>(numberOr(*json, "postgres", 0));
  info.blobs = numberOr(*json, "blobs", 0);
  info.bytes = numberOr(*json, "bytes", 0);
  info.rowsDigest = textOr(*json, "rows_digest");
  info.madeAt = textOr(*json, "made_at");
  info.plugins = numberOr(*json, "plugins", 0);
  info.keyId = textOr(*json, "key_id");
  info.keyKeptIn = textOr(*json, "key_kept_in");
  return info;
}

Digest digestOfFile(const fs::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) fail("cannot open " + file.string());
  Sha256 hash;
  readPieces(fd.get(), [&](std::string_view piece) { hash.update(piece); });
  return hash.finish();
}

Digest copyFile(int from, const fs::path& to) {
  const UniqueFd out(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!out) fail("cannot write " + to.string());
  Sha256 hash;
  readPieces(from, [&](std::string_view piece) {
    hash.update(piece);
    writeAll(out.get(), piece);
  });
  if (::fsync(out.get()) != 0) fail("cannot sync " + to.string());
  return hash.finish();
}

fs::path blobIn(const fs::path& folder, const Digest& digest) {
  return folder / "blobs" / digest.hex().substr(0, 2) / digest.hex();
}

void forEachBlob(const fs::path& folder,
                 const std::function<void(const Digest&, const fs::path&)>& visit) {
  for (const auto& entry : fs::recursive_directory_iterator(folder / "blobs")) {
    const auto digest = Digest::parse("sha256:" + entry.path().filename().string());
    if (digest && entry.is_regular_file()) visit(*digest, entry.path());
  }
}

}  // namespace planwright
