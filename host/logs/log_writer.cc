#include "logs/log_writer.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/log.h"
#include "base/take_from.h"
#include "base/threads.h"
#include "logs/gather_frames.h"

namespace planwright {
namespace {

constexpr std::uint64_t kWakeUp = 0;
/// A program that writes line by line costs a round for each pause, not for each line.
constexpr std::chrono::milliseconds kPause(2);
constexpr int kRoundsInARow = 4;
constexpr std::size_t kMostScattered = 1000;

bool isGroups(const std::filesystem::path& folder) {
  std::error_code missing;
  const auto mode = std::filesystem::status(folder, missing).permissions();
  return !missing && (mode & std::filesystem::perms::group_write) != std::filesystem::perms::none;
}

}  // namespace

LogWriter::LogWriter(std::filesystem::path folder)
    : folder_(std::move(folder)),
      fileMode_(isGroups(folder_) ? 0660 : 0600),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeUp;
  if (!epoll_ || !wake_ || ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0)
    throw std::system_error(errno, std::generic_category(), "log writer");
  pen_.lock()->buffer.resize(kFrameText);
  thread_ = startThread("pw-logs", [this](const std::stop_token& stop) { run(stop); });
  gatherThread_ = startThread("pw-logs-pack", [this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto file = takeFrom(scattered_, std::chrono::hours(1), stop);
      if (!file) continue;
      try {
        gatherFrames(*file, stop);
      } catch (const std::exception& e) {  // it stays as it is, which is as good but for its size
        log::debug("log not gathered: {}", e.what());
      }
    }
  });
}

LogWriter::~LogWriter() {
  thread_.request_stop();
  ::eventfd_write(wake_.get(), 1);
}

std::uint64_t LogWriter::watch(Pen& pen, LogPipe& log) {
  const std::uint64_t number = ++pen.lastNumber;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = number;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, log.readEnd(), &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  pen.logs.emplace(number, &log);
  return number;
}

/// Its pipe leaves the epoll set when it is closed.
void LogWriter::forget(Pen& pen, std::uint64_t number) {
  pen.logs.erase(number);
}

void LogWriter::gather(const std::filesystem::path& file) {
  auto files = scattered_.lock();
  if (files->size() < kMostScattered) files->push_back(file);
  scattered_.notifyOne();
}

bool LogWriter::drain(std::uint64_t number) {
  auto pen = pen_.lock();
  const auto found = pen->logs.find(number);
  return found != pen->logs.end() && found->second->drain(pen->buffer, pen->packer, kRoundsInARow);
}

void LogWriter::run(const std::stop_token& stop) {
  std::array<epoll_event, 64> events{};
  while (!stop.stop_requested()) {
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    bool isMuch = false;
    for (int i = 0; i < count; ++i) {
      const std::uint64_t number = events.at(static_cast<std::size_t>(i)).data.u64;
      if (number != kWakeUp) isMuch = drain(number) || isMuch;
    }
    if (!isMuch) std::this_thread::sleep_for(kPause);
  }
}

}  // namespace planwright
