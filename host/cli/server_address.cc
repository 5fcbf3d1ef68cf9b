#include "cli/server_address.h"

#include <cstdlib>
#include <fstream>

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
  if (address.find("://") == std::string::npos) address.insert(0, "http://");
  while (address.back() == '/') address.pop_back();
  return address;
}

std::string accessToken() {
  const std::string token = environment("PLANWRIGHT_TOKEN");
  if (!token.empty()) return token;
  const std::string file = environment("PLANWRIGHT_TOKEN_FILE");
  return file.empty() ? std::string() : firstLine(file);
}

}  // namespace planwright::cli
