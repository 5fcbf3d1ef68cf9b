#include "support/log_files.h"

#include "base/files.h"
#include "logs/log_frames.h"

namespace planwright {

std::filesystem::path writeLog(const std::filesystem::path& path,
                               const std::vector<std::string>& pieces) {
  FramePacker packer;
  LogFrame frame;
  frame.unixMillis = 1000;
  std::string bytes;
  for (const auto& piece : pieces)
    for (std::size_t at = 0; at < piece.size(); at += kFrameText) {
      bytes += packer.pack(frame, 4711, std::string_view(piece).substr(at, kFrameText));
      frame.textOffset = frame.textEnd();
      frame.lineEnds = frame.lineEndsAfter();
      ++frame.unixMillis;
    }
  replaceFile(path, bytes);
  return path;
}

}  // namespace planwright
