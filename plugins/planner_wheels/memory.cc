#include "memory.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "planwright/call.hpp"
#include "planwright/sha256.hpp"

namespace wheels {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMemoryBytes = std::uintmax_t{64} << 20;
constexpr std::size_t kMemoryFiles = 8192;

bool writeWhole(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::optional<std::string> wholeOf(int fd) {
  std::string out;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n == 0) return out;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::nullopt;
    out.append(buffer, static_cast<std::size_t>(n));
  }
}

}  // namespace

Memory::~Memory() {
  if (hasGrown_) makeRoom();
}

std::string Memory::pathOf(std::string_view kind, std::string_view key) const {
  return folder_ + "/" + std::string(kind) + "-" + pw::sha256(key).substr(7);
}

std::optional<std::string> Memory::find(std::string_view kind, std::string_view key) const {
  if (folder_.empty()) return std::nullopt;
  const pw::Fd file(::open(pathOf(kind, key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  auto text = file.get() < 0 ? std::nullopt : wholeOf(file.get());
  // Its first line is the digest of the rest: a file that is cut or changed is none.
  const auto end = text ? text->find('\n') : std::string::npos;
  if (end == std::string::npos) return std::nullopt;
  const std::string digest = text->substr(0, end);
  text->erase(0, end + 1);
  if (digest != pw::sha256(*text)) return std::nullopt;
  ::futimens(file.get(), nullptr);  // it was of use: it is not among the oldest
  return text;
}

void Memory::keep(std::string_view kind, std::string_view key, std::string_view text) {
  if (folder_.empty()) return;
  const std::string path = pathOf(kind, key);
  std::string draft = path + ".XXXXXX";
  const pw::Fd file(::mkostemp(draft.data(), O_CLOEXEC));
  if (file.get() < 0) return;  // a full disk, say: the plan does not depend on it
  if (!writeWhole(file.get(), pw::sha256(text) + "\n") || !writeWhole(file.get(), text) ||
      ::rename(draft.c_str(), path.c_str()) != 0)
    ::unlink(draft.c_str());
  hasGrown_ = true;
}

void Memory::forget(std::string_view kind, std::string_view key) const {
  if (!folder_.empty()) ::unlink(pathOf(kind, key).c_str());
}

/// To three quarters of what is allowed, so that not every call has to.
void Memory::makeRoom() const {
  struct Kept {
    fs::file_time_type used;
    std::uintmax_t size;
    fs::path path;
  };
  std::vector<Kept> all;
  std::uintmax_t bytes = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    std::error_code gone;
    const Kept kept{entry.last_write_time(gone), entry.file_size(gone), entry.path()};
    if (gone) continue;
    bytes += kept.size;
    all.push_back(kept);
  }
  if (bytes <= kMemoryBytes && all.size() <= kMemoryFiles) return;
  std::sort(all.begin(), all.end(), [](const Kept& a, const Kept& b) { return a.used < b.used; });
  std::size_t files = all.size();
  for (const auto& kept : all) {
    if (bytes <= kMemoryBytes / 4 * 3 && files <= kMemoryFiles / 4 * 3) return;
    fs::remove(kept.path, error);
    bytes -= kept.size;
    --files;
  }
}

}  // namespace wheels
