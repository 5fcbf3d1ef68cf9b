#include "cli/session.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/loopback.h"

namespace planwright::cli {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string firstLine(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  return line;
}

}  // namespace

std::string serverAddress(const std::string& given, const std::filesystem::path& workingFolder) {
  std::string address = given;
  if (address.empty()) address = environment("PLANWRIGHT_SERVER");
  if (address.empty()) address = firstLine(workingFolder / ".planwright" / "planwright.url");
  if (address.empty()) address = "http://127.0.0.1:8470";
  if (unixPathOf(address)) return address;
  if (address.find("://") == std::string::npos) address.insert(0, "http://");
  while (address.back() == '/') address.pop_back();
  return address;
}

std::string accessToken(const std::string& address, const std::filesystem::path& workingFolder) {
  const std::string token = environment("PLANWRIGHT_TOKEN");
  if (!token.empty()) return token;
  if (const std::string file = environment("PLANWRIGHT_TOKEN_FILE"); !file.empty())
    return firstLine(file);
  const auto local = workingFolder / ".planwright";
  if (firstLine(local / "planwright.url") == address) {
    const std::string own = firstLine(local / "token");
    if (!own.empty()) return own;
  }
  const std::string home = environment("HOME");
  return home.empty() ? "" : firstLine(std::filesystem::path(home) / ".config/planwright/token");
}

std::string Session::address() const {
  return serverAddress(server, std::filesystem::current_path());
}

Client& Session::client() {
  if (!client_)
    client_ = std::make_unique<Client>(
        address(), accessToken(address(), std::filesystem::current_path()), certificates);
  return *client_;
}

ExitCode forEach(Session& session, const std::vector<std::int64_t>& ids,
                 const std::function<void(std::int64_t)>& one) {
  ExitCode first = ExitCode::Done;
  std::size_t failed = 0;
  for (const std::int64_t id : ids) {
    try {
      one(id);
    } catch (const CommandFailure& failure) {
      if (failure.code() == ExitCode::Unreachable || ids.size() == 1) throw;
      session.terminal.err << "planwright: " << failure.what() << '\n';
      if (!failure.next().empty()) session.terminal.err << "See: " << failure.next() << '\n';
      if (failed++ == 0) first = failure.code();
    }
  }
  if (failed == 0) return ExitCode::Done;
  return failed == ids.size() ? first : ExitCode::PartlyDone;
}

}  // namespace planwright::cli
