#include "logs/attempt_log.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/log.h"
#include "logs/log_reader.h"

namespace planwright {
namespace {

constexpr std::size_t kEndBytes = 64 * 1024;  // kept of what the limit leaves out
constexpr int kWidePipe = 1024 * 1024;
constexpr int kLastRounds = 64;  // what a pipe can hold, many times over

std::int64_t nowMillis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::system_error failed(const std::string& what) {
  return {errno, std::generic_category(), what};
}

UniqueFd unnamedFile(const std::filesystem::path& folder) {
  return UniqueFd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

}  // namespace

AttemptLog::AttemptLog(LogWriter& writer, std::filesystem::path file, LogLimits limits)
    : writer_(writer),
      path_(std::move(file)),
      limits_(std::move(limits)) {}

AttemptLog::~AttemptLog() {
  try {
    finish();
  } catch (const std::exception& e) {
    log::error("log not written: {}", e.what());
  }
}

int AttemptLog::outputFd() {
  auto pen = writer_.pen_.lock();
  if (writeEnd_) return writeEnd_.get();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw failed("pipe");
  readEnd_.reset(ends[0]);
  writeEnd_.reset(ends[1]);
  ::fcntl(readEnd_.get(), F_SETFL, O_NONBLOCK);  // for us only: each end has flags of its own
  // A program that runs as another user may want to open /dev/stdout.
  ::fchmod(writeEnd_.get(), 0622);
  number_ = writer_.watch(*pen, *this);
  return writeEnd_.get();
}

void AttemptLog::line(std::string_view text) {
  auto pen = writer_.pen_.lock();
  if (isFinished_) return;
  drain(pen->buffer, pen->packer, kLastRounds);
  take(std::string(endsLine_ ? "" : "\n") + std::string(text) + "\n", pen->packer);
}

void AttemptLog::hide(std::string_view secret) {
  auto pen = writer_.pen_.lock();
  mask_.add(secret);
}

void AttemptLog::beginTail() {
  auto pen = writer_.pen_.lock();
  tailFrom_ = textBytes_ + leftOut_;
}

std::string AttemptLog::tail(std::size_t mostBytes) {
  auto pen = writer_.pen_.lock();
  drain(pen->buffer, pen->packer, kLastRounds);
  settle(pen->packer);
  const std::uint64_t all = textBytes_ + leftOut_;
  const auto wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(mostBytes, all - std::min(all, tailFrom_)));
  if (wanted == 0) return {};
  if (leftOut_ == 0) return storedEnd(wanted);
  return end_.substr(end_.size() - std::min(end_.size(), wanted));
}

std::string AttemptLog::storedEnd(std::size_t mostBytes) const {
  std::string out;
  LogReader reader(path_);
  const std::uint64_t size = reader.sizeBytes();
  reader.copy(size - std::min<std::uint64_t>(size, mostBytes), size,
              [&](std::string_view piece) { out += piece; });
  return out;
}

LogEnd AttemptLog::finish() {
  LogEnd end;
  auto pen = writer_.pen_.lock();
  if (isFinished_) return end;
  isFinished_ = true;
  if (readEnd_) {
    writer_.forget(*pen, number_);
    drain(pen->buffer, pen->packer, kLastRounds);
  }
  settle(pen->packer);
  if (leftOut_ > 0) {
    const std::uint64_t hidden = leftOut_ - std::min<std::uint64_t>(leftOut_, end_.size());
    append("[planwright: " + std::to_string(hidden) + " bytes are left out here]\n", pen->packer);
    append(end_, pen->packer);
    end.leftOutBytes = hidden;
    if (rest_) ::lseek(rest_.get(), 0, SEEK_SET);
    end.rest = std::move(rest_);
  }
  end.textBytes = textBytes_;
  closeAll();
  const bool isScattered = frames_ > 64 && textBytes_ / frames_ < kFrameText / 8;
  if (isScattered && problem_.empty()) writer_.gather(path_);
  if (!problem_.empty()) throw std::runtime_error(problem_);
  return end;
}

void AttemptLog::closeAll() {
  readEnd_.reset();
  writeEnd_.reset();
  file_.reset();
  end_.clear();
}

/// Reads what is in the pipe. True: the buffer was filled, so there may be more.
bool AttemptLog::drain(std::string& buffer, FramePacker& packer, int mostRounds) {
  bool isMuch = false;
  for (int round = 0; readEnd_ && round < mostRounds; ++round) {
    const ssize_t n = ::read(readEnd_.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    isMuch = n >= 32 * 1024;
    if (isMuch && !isWide_) {
      ::fcntl(readEnd_.get(), F_SETPIPE_SZ, kWidePipe);  // if it may be so large
      isWide_ = true;
    }
    take({buffer.data(), static_cast<std::size_t>(n)}, packer);
  }
  return isMuch;
}

void AttemptLog::take(std::string_view bytes, FramePacker& packer) {
  received_.fetch_add(bytes.size(), std::memory_order_relaxed);
  if (!problem_.empty()) return;  // programs go on; the end of the attempt tells
  if (mask_.isEmpty())
    store(bytes, packer);
  else
    store(mask_.feed(bytes), packer);
}

void AttemptLog::store(std::string_view text, FramePacker& packer) {
  if (limits_.maxBytes > 0 && textBytes_ + text.size() > limits_.maxBytes) {
    if (leftOut_ == 0) {
      const auto room = static_cast<std::size_t>(limits_.maxBytes - textBytes_);
      append(text.substr(0, room), packer);
      text.remove_prefix(room);
      append(std::string(endsLine_ ? "" : "\n") +
                 "[planwright: the log is longer than its limit of " +
                 std::to_string(limits_.maxBytes) + " bytes; from here on only its end is kept]\n",
             packer);
    }
    return keepEnd(text);
  }
  if (leftOut_ > 0) return keepEnd(text);
  append(text, packer);
}

void AttemptLog::keepEnd(std::string_view text) {
  if (leftOut_ == 0 && !limits_.restFolder.empty()) rest_ = unnamedFile(limits_.restFolder);
  leftOut_ += text.size();
  if (rest_) {
    try {
      writeAll(rest_.get(), text);
    } catch (const std::system_error& e) {  // a help only
      log::warn("rest of a log not kept: {}", e.what());
      rest_.reset();
    }
  }
  end_ += text.substr(text.size() - std::min(text.size(), kEndBytes));
  if (end_.size() > 2 * kEndBytes) end_.erase(0, end_.size() - kEndBytes);
}

void AttemptLog::append(std::string_view text, FramePacker& packer) {
  try {
    while (!text.empty() && problem_.empty()) {
      if (!file_) openFile();
      const std::string_view piece = text.substr(0, kFrameText);
      LogFrame frame;
      frame.textOffset = textBytes_;
      frame.lineEnds = lineEnds_;
      frame.unixMillis = nowMillis();
      writeAll(file_.get(), packer.pack(frame, salt_, piece));
      ++frames_;
      textBytes_ = frame.textEnd();
      lineEnds_ = frame.lineEndsAfter();
      endsLine_ = frame.endsLine;
      text.remove_prefix(piece.size());
    }
  } catch (const std::runtime_error& e) {  // of the disk or of zstd; other logs go on
    problem_ = "The log " + path_.filename().string() + " cannot be written: " + e.what();
  }
}

/// If the file exists, it belongs to the same attempt: another host began it and gave it back.
void AttemptLog::openFile() {
  file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, writer_.fileMode()));
  struct stat status {};
  if (!file_ || ::fstat(file_.get(), &status) != 0) throw failed(path_.string());
  if (::getrandom(&salt_, sizeof salt_, 0) != sizeof salt_) throw failed("getrandom");
  if (status.st_size == 0) return;
  const LogFrames before(path_);
  const off_t whole = before.last() ? before.last()->end : 0;
  if (whole < status.st_size && ::ftruncate(file_.get(), whole) != 0) throw failed(path_.string());
  if (!before.last()) return;
  salt_ = before.salt();
  textBytes_ = before.last()->textEnd();
  lineEnds_ = before.last()->lineEndsAfter();
  endsLine_ = before.last()->endsLine;
}

/// The program has ended, so the text that the mask held back cannot become a secret any more.
void AttemptLog::settle(FramePacker& packer) {
  const std::string held = mask_.rest();
  if (!held.empty() && problem_.empty()) store(held, packer);
}

}  // namespace planwright
