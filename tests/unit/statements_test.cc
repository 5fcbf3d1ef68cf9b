// Every statement of sql/queries is run by the host, and the host runs no others.
#include <cctype>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "base/files.h"
#include "store/sql.h"

namespace planwright::statements_test {
namespace {

namespace fs = std::filesystem;

const std::string& sources() {
  static const std::string all = [] {
    std::string text;
    for (const auto& file : fs::recursive_directory_iterator(fs::path(SOURCE_DIR) / "host"))
      if (file.path().extension() == ".cc" || file.path().extension() == ".h")
        text += readFile(file.path(), 1 << 20);
    return text;
  }();
  return all;
}

bool has(const std::string& text) {
  return sources().find(text) != std::string::npos;
}

/// By its name, or by its beginning: "next_to_" + stage.
bool isUsed(const std::string& name) {
  if (has('"' + name + '"')) return true;
  for (auto end = name.find('_'); end != std::string::npos; end = name.find('_', end + 1))
    if (has('"' + name.substr(0, end + 1) + "\" +")) return true;
  return false;
}

TEST(Statements, AreAllUsed) {
  for (const auto& [name, text] : sql::statements())
    EXPECT_TRUE(isUsed(std::string(name))) << name << " is in sql/queries, and nobody runs it";
}

TEST(Statements, AreAllThere) {
  const std::string& text = sources();
  const std::string call = "run(";
  int calls = 0;
  for (auto at = text.find(call); at != std::string::npos; at = text.find(call, at)) {
    at += call.size();
    while (std::isspace(static_cast<unsigned char>(text[at]))) ++at;
    if (text[at] != '"') continue;
    const std::string name = text.substr(at + 1, text.find('"', at + 1) - at - 1);
    if (name.ends_with('_')) continue;  // the beginning of one
    EXPECT_TRUE(sql::statements().contains(name)) << name;
    ++calls;
  }
  EXPECT_GT(calls, 100);
}

}  // namespace
}  // namespace planwright::statements_test
