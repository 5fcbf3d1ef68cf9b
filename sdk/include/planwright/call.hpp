// planwright/call.hpp - what the host offers to one piece of work in flight, and the work itself.
#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <planwright/errors.hpp>
#include <planwright/program.hpp>
#include <sys/mman.h>
#include <unistd.h>

namespace pw {

/// Owns one file descriptor.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  Fd& operator=(Fd&&) = delete;
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

/// One call of the host into the stage. Valid until the stage's function returns; [any thread]
/// until then.
class Call {
 public:
  Call(const pw_host* host, pw_call* call) : host_(host), call_(call) {}

  void log(std::int32_t level, std::string_view message, std::string_view fieldsJson = {}) {
    host_->log(host_->ctx, call_, level, str(message), str(fieldsJson));
  }
  void debug(std::string_view message) { log(PW_DEBUG, message); }
  void info(std::string_view message) { log(PW_INFO, message); }
  void warn(std::string_view message) { log(PW_WARN, message); }
  void error(std::string_view message) { log(PW_ERROR, message); }
  /// A durable fact about the item; `bodyJson` is an object. People see its "message"; "level" is
  /// info, warning or error, without it info.
  void event(std::string_view type, std::string_view bodyJson) {
    host_->event(host_->ctx, call_, str(type), str(bodyJson));
  }
  void metric(std::string_view name, double value, std::int32_t kind = PW_COUNTER,
              std::string_view labelsJson = {}) {
    host_->metric(host_->ctx, call_, kind, str(name), value, str(labelsJson));
  }

  bool cancelled() { return host_->cancelled(host_->ctx, call_) != PW_RUN; }
  /// Heartbeat. Leaves the stage by itself when the host wants the call to stop.
  void progress(std::uint64_t done, std::uint64_t total = 0, std::string_view note = {}) {
    if (host_->progress(host_->ctx, call_, done, total, str(note)) != PW_RUN)
      throw Stop{PW_CANCELLED, "stopped by the host"};
  }
  void stopIfCancelled() {
    if (cancelled()) throw Stop{PW_CANCELLED, "stopped by the host"};
  }
  /// Waits, and leaves the stage as soon as the host wants the call to stop.
  void sleep(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::min(time, std::chrono::milliseconds(5)));
      stopIfCancelled();
    }
  }

  void emit(std::string_view kind, std::string_view json) {
    if (const pw_status status = host_->emit(host_->ctx, call_, str(kind), str(json)))
      throw Stop{status, "the host refused the result"};
  }

  /// A readable descriptor at the blob's start.
  Fd openBlob(std::string_view digest) {
    const int fd = host_->blob_get(host_->ctx, call_, str(digest));
    if (fd < 0) throw Stop{-fd, "blob " + std::string(digest) + " is not available"};
    return Fd(fd);
  }
  std::string blob(std::string_view digest) {
    const Fd fd = openBlob(digest);
    std::string out;
    char buffer[65536];
    for (;;) {
      const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
      if (n == 0) return out;
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) retry("cannot read blob " + std::string(digest));
      out.append(buffer, static_cast<std::size_t>(n));
    }
  }
  /// Stores what `fd` holds up to its end; gives "sha256:...".
  std::string putBlob(int fd, std::string_view mediaType) {
    char digest[80] = {};
    if (const int status = host_->blob_put(host_->ctx, call_, fd, str(mediaType), digest);
        status < 0)
      throw Stop{-status, "the host could not store a blob"};
    return digest;
  }

  /// The same for bytes in memory.
  std::string putBytes(std::string_view bytes, std::string_view mediaType) {
    const Fd fd(::memfd_create("blob", MFD_CLOEXEC));
    for (std::string_view left = bytes; !left.empty();) {
      const ssize_t n = ::write(fd.get(), left.data(), left.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0)
        retry("there is no memory for a blob of " + std::to_string(bytes.size()) + " bytes");
      left.remove_prefix(static_cast<std::size_t>(n));
    }
    ::lseek(fd.get(), 0, SEEK_SET);
    return putBlob(fd.get(), mediaType);
  }

  /// Of a source or planner: a folder of its own that stays between calls and restarts. A cache: it
  /// may be found empty. A host may have none for it, and an older one has none for planners.
  std::string folder() {
    const auto* place = static_cast<const pw_place*>(host_->get_interface(host_->ctx, PW_PLACE));
    std::string out;
    const auto take = [](void* to, pw_str path) { *static_cast<std::string*>(to) = view(path); };
    const pw_status status = PW_HAS(place, folder) ? place->folder(host_->ctx, call_, &out, take)
                                                   : pw_status{PW_UNSUPPORTED};
    if (status) throw Stop{status, "this host has no folder for the plugin"};
    return out;
  }
  /// Of a source: the most bytes that an input may have; 0 = not known.
  std::uint64_t maxBytes() {
    const auto* place = static_cast<const pw_place*>(host_->get_interface(host_->ctx, PW_PLACE));
    return PW_HAS(place, max_bytes) ? place->max_bytes(host_->ctx, call_) : 0;
  }

  std::string secret(std::string_view name) {
    std::string out;
    const auto take = [](void* to, pw_str value) { *static_cast<std::string*>(to) = view(value); };
    if (const pw_status status = host_->secret(host_->ctx, call_, str(name), &out, take))
      throw Stop{status, "the secret '" + std::string(name) + "' is not granted to this plugin"};
    return out;
  }

  /// Runs a program through the host and waits for its end. A failing program is a result, not an
  /// exception; a stopped call leaves the stage.
  ProgramResult exec(const Program& program) {
    const auto* exec = static_cast<const pw_exec*>(host_->get_interface(host_->ctx, PW_EXEC));
    if (!PW_HAS(exec, run)) throw Stop{PW_UNSUPPORTED, "this host cannot run programs for plugins"};
    const std::string spec = program.json();
    std::string json;
    const auto take = [](void* to, pw_str value) { *static_cast<std::string*>(to) = view(value); };
    if (const pw_status status = exec->run(host_->ctx, call_, str(spec), &json, take))
      throw Stop{status, "the host could not run " +
                             (program.argv.empty() ? "a program" : program.argv[0])};
    ProgramResult result = ProgramResult::parse(json);
    if (result.outcome == "cancelled") throw Stop{PW_CANCELLED, "stopped by the host"};
    return result;
  }

 private:
  const pw_host* host_;
  pw_call* call_;
};

}  // namespace pw
