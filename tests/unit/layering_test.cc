// The order of the folders, checked. README.md says what each folder is for; what may include what
// is the table below, and a folder that is not in it has no place yet.
#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/files.h"

namespace planwright::layering_test {
namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

const fs::path kRoot = SOURCE_DIR;
constexpr std::size_t kMaxLines = 500;

/// Folder of host/ -> the other folders of host/ that it may include.
const std::map<std::string, Names>& allowed() {
  static const Names stage = {"base",      "model",  "store",  "tickets", "workers",
                              "artifacts", "stages", "config", "logs"};
  static const std::map<std::string, Names> table = [] {
    std::map<std::string, Names> t = {
        {"base", {}},
        {"config", {"base", "model"}},
        {"access", {"base", "config", "model", "store"}},
        {"model", {"base"}},
        {"tickets", {"base"}},
        {"artifacts", {"base"}},
        {"embedded", {"base"}},
        {"programs", {"base"}},
        {"logs", {"base"}},
        {"stages", {"base", "config"}},
        {"store", {"base", "model", "artifacts"}},
        {"workers", {"base", "model", "store", "tickets", "artifacts", "stages", "config", "logs"}},
        {"intake", stage},  // these four never include each other
        {"planning", stage},
        {"building", stage},
        {"upkeep", stage},
        {"control", stage},
        {"webhooks", {"base", "config", "store", "workers", "control"}},
        {"http", {"base", "config", "model", "artifacts", "logs", "access", "control", "webhooks"}},
        {"queues", stage},
        {"offline", {"base", "config", "artifacts", "embedded", "store", "tickets", "upkeep"}},
        {"trial", {"base", "model", "programs", "stages"}},
        {"cli",
         {"base", "config", "artifacts", "programs", "stages", "trial", "offline", "application"}},
    };
    t["upkeep"].insert("programs");
    t["queues"].insert({"intake", "planning", "building"});
    t["control"].insert({"intake", "planning", "building", "upkeep", "queues", "programs"});
    Names everything;
    for (const auto& [folder, unused] : t)
      if (folder != "cli" && folder != "trial") everything.insert(folder);
    t["application"] = everything;
    return t;
  }();
  return table;
}

/// Start of a library's header name -> the folders of host/ that own it.
const std::map<std::string, Names>& libraryOwners() {
  static const std::map<std::string, Names> owners = {
      {"pqxx/", {"store"}},
      {"libpq-fe.h", {"store", "embedded"}},
      {"hiredis/", {"tickets"}},
      {"rapidjson/", {"base"}},
      {"boost/dll", {"stages"}},
      {"pistache/", {"http"}},
      {"yaml-cpp/", {"config"}},
      {"CLI/", {"cli"}},
      {"spdlog/", {"base"}},
      {"openssl/", {"base"}},
      {"archive", {"artifacts"}},
      {"re2/", {"logs"}},
      {"zstd.h", {"logs"}},
      {"seccomp.h", {"programs"}},
      {"curl/", {"cli", "base", "webhooks"}},
      {"zlib.h", {"base", "http", "artifacts"}},
  };
  return owners;
}

struct Include {
  std::string name;
  bool isQuoted = false;
};

struct Source {
  fs::path path;       ///< below the root
  std::string folder;  ///< of host/, or empty
  std::string text;
  std::vector<Include> includes;
};

bool isSource(const fs::path& path) {
  const std::string extension = path.extension();
  return extension == ".cc" || extension == ".h" || extension == ".hpp";
}

bool isHeader(const fs::path& path) {
  return isSource(path) && path.extension() != ".cc";
}

std::vector<Include> includesOf(const std::string& text) {
  static const std::regex pattern("^\\s*#\\s*include\\s+([<\"])([^>\"]+)[>\"]");
  std::vector<Include> includes;
  std::istringstream lines(text);
  std::smatch match;
  for (std::string line; std::getline(lines, line);)
    if (line.find("include") != std::string::npos && std::regex_search(line, match, pattern))
      includes.push_back({match[2], match[1] == "\""});
  return includes;
}

/// Every C++ file below these folders of the root.
std::vector<Source> sourcesBelow(const std::vector<std::string>& folders) {
  std::vector<Source> sources;
  for (const auto& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      const fs::path path = entry.path().lexically_relative(kRoot);
      if (!entry.is_regular_file() || !isSource(path)) continue;
      if (path.string().find("node_modules") != std::string::npos) continue;
      Source source{path, "", readFile(entry.path()), {}};
      source.includes = includesOf(source.text);
      const auto second = std::next(path.begin());
      if (folder == "host" && std::next(second) != path.end()) source.folder = second->string();
      sources.push_back(std::move(source));
    }
  }
  return sources;
}

std::string firstPart(const std::string& name) {
  return name.substr(0, name.find('/'));
}

TEST(Layering, FoldersOfTheHostIncludeOnlyWhatStandsBelowThem) {
  for (const auto& source : sourcesBelow({"host"})) {
    if (source.folder.empty()) continue;  // main.cc
    const auto may = allowed().find(source.folder);
    ASSERT_NE(may, allowed().end()) << source.path << ": folder is not in the table of this test";
    for (const auto& include : source.includes) {
      const std::string target = firstPart(include.name);
      if (!allowed().contains(target) || target == source.folder) continue;
      EXPECT_TRUE(may->second.contains(target))
          << source.path << " must not include " << include.name;
    }
  }
}

/// The header and the source of a unit, without their ending -> the units of the host that these
/// include.
std::map<std::string, Names> unitsOfTheHost() {
  std::map<std::string, Names> units;
  const auto unitOf = [](const fs::path& path) { return fs::path(path).replace_extension(); };
  for (const auto& source : sourcesBelow({"host"}))
    units[unitOf(source.path.lexically_relative("host")).string()];
  for (const auto& source : sourcesBelow({"host"})) {
    const std::string unit = unitOf(source.path.lexically_relative("host")).string();
    for (const auto& include : source.includes)
      if (const std::string other = unitOf(include.name).string();
          other != unit && units.contains(other))
        units[unit].insert(other);
  }
  return units;
}

/// A unit of a ring can only be understood, tested and built together with all of it.
TEST(Layering, NoUnitsOfTheHostIncludeEachOtherInARing) {
  auto units = unitsOfTheHost();
  // What includes nothing that is left is in no ring; what remains is in one, or above one.
  for (bool isChanged = true; isChanged;) {
    isChanged = false;
    for (auto unit = units.begin(); unit != units.end();) {
      std::erase_if(unit->second, [&](const auto& below) { return !units.contains(below); });
      isChanged = isChanged || unit->second.empty();
      unit = unit->second.empty() ? units.erase(unit) : std::next(unit);
    }
  }
  for (const auto& [unit, below] : units) ADD_FAILURE() << unit << " includes " << *below.begin();
}

TEST(Layering, OnlyStagesAndTrialsOfTheHostKnowThePluginInterface) {
  for (const auto& source : sourcesBelow({"host"}))
    for (const auto& include : source.includes)
      EXPECT_TRUE(firstPart(include.name) != "planwright" || source.folder == "stages" ||
                  source.folder == "trial" || include.name == "planwright/glob.hpp")
          << source.path << " must not include " << include.name;
}

TEST(Layering, PluginsAndTheSdkNeverIncludeTheHost) {
  for (const auto& source : sourcesBelow({"plugins", "sdk"}))
    for (const auto& include : source.includes) {
      EXPECT_FALSE(allowed().contains(firstPart(include.name)) || include.name.rfind("..", 0) == 0)
          << source.path << " must not include " << include.name;
      const bool isSdk = firstPart(source.path.string()) == "sdk";
      EXPECT_TRUE(!isSdk || !include.isQuoted || firstPart(include.name) == "planwright")
          << source.path << " must not include " << include.name;
    }
}

TEST(Layering, LibrariesStayInTheFolderThatOwnsThem) {
  for (const auto& source : sourcesBelow({"host"}))
    for (const auto& include : source.includes)
      for (const auto& [prefix, owners] : libraryOwners())
        EXPECT_TRUE(include.name.rfind(prefix, 0) != 0 || owners.contains(source.folder))
            << source.path << " must not include " << include.name;
}

TEST(Layering, EveryHeaderIsReadOnce) {
  for (const auto& source : sourcesBelow({"host", "plugins", "tests"}))
    EXPECT_TRUE(!isHeader(source.path) || source.text.rfind("#pragma once", 0) == 0)
        << source.path << " must begin with #pragma once";
}

/// Two types of one name are one to the linker, which takes the functions of either for both.
TEST(Layering, NoTwoHeadersOfTheHostDefineTheSameType) {
  static const std::regex type("^(?:struct|class|enum class) ([A-Z]\\w*)\\b(?!::)[^;]*\\{");
  std::map<std::string, fs::path> definedIn;
  for (const auto& source : sourcesBelow({"host"})) {
    if (!isHeader(source.path) || source.text.find("\nnamespace planwright {") == std::string::npos)
      continue;
    std::istringstream lines(source.text);
    std::smatch found;
    for (std::string line; std::getline(lines, line);) {
      if (!std::regex_search(line, found, type)) continue;
      const auto [first, isNew] = definedIn.emplace(found[1], source.path);
      EXPECT_TRUE(isNew || first->second == source.path)
          << found[1] << " stands in " << first->second << " and " << source.path;
    }
  }
}

TEST(Layering, FilesStaySmallAndAreNamedInSnakeCase) {
  static const std::regex snake("[a-z0-9_]+\\.(cc|h|hpp)");
  for (const auto& source : sourcesBelow({"host", "plugins", "sdk", "tests"})) {
    const auto lines =
        static_cast<std::size_t>(std::count(source.text.begin(), source.text.end(), '\n'));
    EXPECT_LE(lines, kMaxLines) << source.path << " is too long; it does more than one thing";
    EXPECT_TRUE(std::regex_match(source.path.filename().string(), snake)) << source.path;
  }
}

/// A private server's role and database are made before there is a schema, through a connection of
/// its own.
const Names kMayHoldSql = {"host/embedded/postgres_server.cc"};

TEST(Layering, StatementsStandInSqlFilesOnly) {
  static const std::regex sql(
      "\"\\s*(select [^\"]*\\bfrom\\b|insert into|update [a-z_]+ set|delete from|create table|"
      "alter table|drop table|with [a-z_]+ as \\(|begin;|commit;|notify |lock table)",
      std::regex::icase);
  for (const auto& source : sourcesBelow({"host", "plugins"})) {
    if (kMayHoldSql.contains(source.path.string())) continue;
    std::istringstream lines(source.text);
    for (std::string line; std::getline(lines, line);)
      EXPECT_FALSE(line.find('"') != std::string::npos && std::regex_search(line, sql))
          << source.path << ": " << line;
  }
}

/// The names of threads in a text, each as often as it stands there. `opens`: what stands before
/// one.
std::multiset<std::string> threadsIn(const std::string& text, const std::string& opens) {
  const std::regex name(opens + "(pw-[a-z-]*[a-z])");
  std::multiset<std::string> names;
  for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at)
    names.insert((*at)[1]);
  return names;
}

TEST(Layering, EveryThreadStandsOnceInTheTableOfTheReadme) {
  std::string sources, table;
  for (const auto& source : sourcesBelow({"host"})) sources += source.text;
  std::istringstream lines(readFile(kRoot / "host/README.md"));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("| `pw-")) table += line;
  const auto started = threadsIn(sources, "\""), known = threadsIn(table, "`");
  EXPECT_EQ(Names(started.begin(), started.end()), Names(known.begin(), known.end()));
  for (const auto& name : known) EXPECT_EQ(known.count(name), 1u) << name;
}

TEST(Layering, TheTopLevelIsFixed) {
  const Names known = {"CMakeLists.txt", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md",
                       "host",           "plugins",   "sdk",     "sql",          "ui",
                       "config",         "tests",     "input"};
  for (const auto& entry : fs::directory_iterator(kRoot)) {
    const std::string name = entry.path().filename();
    if (name[0] == '.' || name.rfind("build", 0) == 0 || name == "compile_commands.json") continue;
    EXPECT_TRUE(known.contains(name)) << name << " does not belong at the top";
  }
}

}  // namespace
}  // namespace planwright::layering_test
