#include "logs/gather_frames.h"

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>

#include "base/files.h"
#include "base/unique_fd.h"
#include "logs/log_frames.h"

namespace planwright {
namespace {

/// The frame that is being filled.
struct Gathered {
  LogFrame frame;
  std::string text;
  std::vector<LogMark> marks;

  bool takes(const LogFrame& next) const {
    return text.size() + next.textBytes <= kFrameText && next.marks == 0 &&
           next.unixMillis - frame.unixMillis < UINT32_MAX;
  }
  void take(const LogFrame& next, const std::string& more) {
    if (text.empty()) {
      frame = next;
      marks.clear();
    } else if (const auto after = static_cast<std::uint32_t>(next.unixMillis - frame.unixMillis);
               after != (marks.empty() ? 0 : marks.back().afterMillis)) {
      marks.push_back({static_cast<std::uint32_t>(text.size()), after});
    }
    text += more;
  }
};

}  // namespace

void gatherFrames(const std::filesystem::path& file, const std::stop_token& stop) {
  LogFrames from(file);
  if (!from.first()) return;
  const std::filesystem::path part = file.string() + ".part";
  const auto mode = static_cast<mode_t>(std::filesystem::status(file).permissions());
  const UniqueFd to(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!to) throw std::system_error(errno, std::generic_category(), part.string());
  FramePacker packer;
  Gathered gathered;
  std::string text;
  const auto flush = [&] {
    writeAll(to.get(), packer.pack(gathered.frame, from.salt(), gathered.text, gathered.marks));
    gathered.text.clear();
  };
  try {
    for (auto frame = from.first(); frame && !stop.stop_requested(); frame = from.next(*frame)) {
      from.read(*frame, text);
      if (!gathered.text.empty() && !gathered.takes(*frame)) flush();
      gathered.take(*frame, text);
    }
    if (!gathered.text.empty()) flush();
    if (from.isDamaged()) throw std::runtime_error(file.string() + " is damaged");
    if (!stop.stop_requested()) std::filesystem::rename(part, file);
  } catch (...) {
    std::filesystem::remove(part);
    throw;
  }
  if (stop.stop_requested()) std::filesystem::remove(part);
}

}  // namespace planwright
