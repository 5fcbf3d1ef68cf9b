#include "config/listen_reader.h"

#include <charconv>

#include <sys/un.h>

#include "base/loopback.h"
#include "config/stage_reader.h"

namespace planwright {
namespace {

bool isHostPort(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  int port = -1;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
  return parsed.ec == std::errc() && parsed.ptr == end && port >= 0 && port <= 65535;
}

/// "0660" as chmod reads it.
std::optional<int> modeOf(const std::string& text) {
  int mode = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, mode, 8);
  const bool isWhole = parsed.ec == std::errc() && parsed.ptr == end;
  return isWhole && mode > 0 && mode <= 0777 ? std::optional(mode) : std::nullopt;
}

ListenConfig readSocket(const ConfigNode& node, const std::string& key,
                        const std::filesystem::path& folder, ConfigProblems& problems) {
  SectionReader section(&node, key, problems);
  ListenConfig listen;
  const auto address = listenAddress(std::string(kUnixPrefix) + section.text("unix"), folder);
  if (address)
    listen.address = *address;
  else
    section.complain(section.value("unix") ? *section.value("unix") : node,
                     key + ": " + address.error().message);
  if (const ConfigNode* written = section.value("mode")) {
    const auto mode = modeOf(written->text);
    if (!mode) section.complain(*written, "mode must be octal rights such as 0660");
    listen.mode = mode.value_or(listen.mode);
  }
  listen.group = section.text("group");
  section.finish();
  return listen;
}

}  // namespace

Result<std::string> listenAddress(const std::string& text, const std::filesystem::path& folder) {
  const auto path = unixPathOf(text);
  if (!path) {
    if (isHostPort(text)) return text;
    return invalid("\"" + text +
                   "\" is neither HOST:PORT nor unix:PATH; write one such as 127.0.0.1:8470");
  }
  if (path->empty())
    return invalid("unix: names no socket; write a path such as unix:/run/planwright.sock");
  const std::string whole = (folder / *path).lexically_normal().string();
  constexpr std::size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
  if (whole.size() > kLongest)
    return invalid("the path of the socket " + whole + " is longer than " +
                   std::to_string(kLongest) + " bytes; choose a shorter one");
  return std::string(kUnixPrefix) + whole;
}

ListenConfig readListen(SectionReader& top, std::string_view key,
                        const std::filesystem::path& folder, const ListenConfig& fallback,
                        ConfigProblems& problems) {
  const ConfigNode* node = top.value(key);
  if (!node) return fallback;
  if (node->isMap()) return readSocket(*node, std::string(key), folder, problems);
  ListenConfig listen;
  const auto address = listenAddress(top.text(key), folder);
  if (address)
    listen.address = *address;
  else
    top.complain(*node, address.error().message);
  return listen;
}

}  // namespace planwright
