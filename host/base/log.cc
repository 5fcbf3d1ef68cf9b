#include "base/log.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <mutex>
#include <system_error>

#include <fcntl.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <unistd.h>

#include "base/files.h"
#include "base/shown_text.h"
#include "base/unique_fd.h"

namespace planwright::log {
namespace {

/// What is logged, on one line: names and words of strangers may hold line ends and escapes.
class ShownMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string shown = shownText({message.payload.data(), message.payload.size()});
    out.append(shown.data(), shown.data() + shown.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<ShownMessage>();
  }
};

constexpr off_t kFileBytes = off_t{4} << 20;

/// Lines to a file that nobody else may read and no child inherits. When it is full, it takes the
/// place of the one before it. What cannot be written is left out: stderr has it as well.
class FileSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(std::filesystem::path path) : path_(std::move(path)) { open(); }

 private:
  void open() {
    file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!file_) throw std::system_error(errno, std::generic_category(), path_.string());
    size_ = ::lseek(file_.get(), 0, SEEK_END);
  }
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (size_ > kFileBytes) {
      ::rename(path_.c_str(), olderFile(path_).c_str());
      open();
    }
    size_ += std::max<ssize_t>(0, ::write(file_.get(), line.data(), line.size()));
  }
  void flush_() override {}

  const std::filesystem::path path_;
  UniqueFd file_;
  off_t size_ = 0;
};

std::unique_ptr<spdlog::formatter> shownLines() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<ShownMessage>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %*");
  return formatter;
}

}  // namespace

bool configure(const std::string& level) {
  const auto parsed = spdlog::level::from_str(level);
  if (parsed == spdlog::level::off && level != "off") return false;
  auto logger = std::make_shared<spdlog::logger>(
      "planwright", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_formatter(shownLines());
  logger->set_level(parsed);
  spdlog::set_default_logger(std::move(logger));
  return true;
}

std::filesystem::path fileOf(const std::filesystem::path& dataFolder) {
  return dataFolder / "log" / "planwright.log";
}

std::filesystem::path olderFile(const std::filesystem::path& file) {
  return file.parent_path() / (file.stem().string() + ".1" + file.extension().string());
}

void alsoTo(const std::filesystem::path& file) {
  makeFolder(file.parent_path(), 0700);
  auto sink = std::make_shared<FileSink>(file);
  sink->set_formatter(shownLines());
  spdlog::default_logger()->sinks().push_back(std::move(sink));
}

}  // namespace planwright::log
