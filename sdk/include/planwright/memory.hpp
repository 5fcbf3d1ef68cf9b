// planwright/memory.hpp - what a source or planner keeps between calls and restarts.
#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <planwright/call.hpp>
#include <planwright/sha256.hpp>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pw {

/// Texts by kind and key, in files of the folder that the host gives the stage (Call::folder). A
/// cache: a text that is not there costs time and nothing else, so the key must hold all that the
/// text depends on. What was not used for longest goes once there is more than 64 MiB or 8,192
/// files. All instances and hosts that share the folder share the texts: a file is written whole,
/// and one that was cut or changed is none. [any thread]
class Memory {
 public:
  /// With the folder of the call's stage; where the host has none, nothing is kept.
  explicit Memory(Call& call) : folder_(folderOf(call)) {}
  /// Makes room if something was kept.
  ~Memory() {
    if (hasGrown_) makeRoom();
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  std::optional<std::string> find(std::string_view kind, std::string_view key) const {
    if (folder_.empty()) return std::nullopt;
    const Fd file(::open(pathOf(kind, key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    auto text = file.get() < 0 ? std::nullopt : wholeOf(file.get());
    // Its first line is the digest of the rest.
    const auto end = text ? text->find('\n') : std::string::npos;
    if (end == std::string::npos) return std::nullopt;
    const std::string digest = text->substr(0, end);
    text->erase(0, end + 1);
    if (digest != sha256(*text)) return std::nullopt;
    ::futimens(file.get(), nullptr);  // it was of use: it is not among the oldest
    return text;
  }

  void keep(std::string_view kind, std::string_view key, std::string_view text) {
    if (folder_.empty()) return;
    const std::string path = pathOf(kind, key);
    std::string draft = path + ".XXXXXX";
    const Fd file(::mkostemp(draft.data(), O_CLOEXEC));
    if (file.get() < 0) return;  // a full disk, say
    if (!writeWhole(file.get(), sha256(text) + "\n") || !writeWhole(file.get(), text) ||
        ::rename(draft.c_str(), path.c_str()) != 0)
      ::unlink(draft.c_str());
    hasGrown_ = true;
  }

  void forget(std::string_view kind, std::string_view key) const {
    if (!folder_.empty()) ::unlink(pathOf(kind, key).c_str());
  }

  /// Held by the one that finds out a text which others may want as well at this moment.
  class Turn {
   public:
    Turn(Turn&& other) noexcept : path_(std::move(other.path_)), file_(std::move(other.file_)) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (file_.get() >= 0) ::unlink(path_.c_str());  // whoever waits for it has it open
    }

   private:
    friend class Memory;
    Turn(std::string path, Fd file) : path_(std::move(path)), file_(std::move(file)) {}
    std::string path_;
    Fd file_;
  };
  /// Waits until nobody else has the turn of this key: then find() may have the text. Leaves the
  /// stage when the host wants the call to stop. Who has several takes them in one order.
  Turn turn(std::string_view kind, std::string_view key, Call& call) const {
    constexpr std::chrono::milliseconds kLookAgain(10);
    std::string path = folder_.empty() ? std::string() : pathOf(kind, key) + ".turn";
    Fd file(path.empty() ? -1 : ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    while (file.get() >= 0 && ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) return {std::move(path), Fd(-1)};
      call.sleep(kLookAgain);
    }
    return {std::move(path), std::move(file)};
  }

 private:
  static std::string folderOf(Call& call) {
    try {
      return call.folder();
    } catch (const Stop&) {
      return {};
    }
  }

  static bool writeWhole(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  static std::optional<std::string> wholeOf(int fd) {
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

  std::string pathOf(std::string_view kind, std::string_view key) const {
    return folder_ + "/" + std::string(kind) + "-" + sha256(key).substr(7);
  }

  /// To three quarters of what is allowed, so that not every call has to.
  void makeRoom() const {
    namespace fs = std::filesystem;
    constexpr std::uintmax_t kBytes = std::uintmax_t{64} << 20;
    constexpr std::size_t kFiles = 8192;
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
    if (bytes <= kBytes && all.size() <= kFiles) return;
    std::sort(all.begin(), all.end(), [](const Kept& a, const Kept& b) { return a.used < b.used; });
    std::size_t files = all.size();
    for (const auto& kept : all) {
      if (bytes <= kBytes / 4 * 3 && files <= kFiles / 4 * 3) return;
      fs::remove(kept.path, error);
      bytes -= kept.size;
      --files;
    }
  }

  const std::string folder_;
  std::atomic<bool> hasGrown_ = false;
};

}  // namespace pw
