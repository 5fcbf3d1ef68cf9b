#include "requirements.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "planwright/plugin.hpp"

namespace wheels {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;

/// They only choose among what is found, or say what it must be.
constexpr std::array<std::string_view, 6> kHarmless = {
    "--pre", "--prefer-binary", "--only-binary", "--no-binary", "--require-hashes", "--hash"};

struct KindOfOption {
  std::string_view option, kind;
};
constexpr std::array kOptions = {KindOfOption{"-r", kIncludes},
                                 KindOfOption{"--requirement", kIncludes},
                                 KindOfOption{"-c", kConstraints},
                                 KindOfOption{"--constraint", kConstraints},
                                 KindOfOption{"-f", kFindLinks},
                                 KindOfOption{"--find-links", kFindLinks},
                                 KindOfOption{"-i", kIndexes},
                                 KindOfOption{"--index-url", kIndexes},
                                 KindOfOption{"--extra-index-url", kIndexes},
                                 KindOfOption{"--no-index", kIndexes},
                                 KindOfOption{"--trusted-host", kTrustedHosts},
                                 KindOfOption{"-e", kEditables},
                                 KindOfOption{"--editable", kEditables}};

constexpr std::array<std::string_view, 11> kArchives = {".whl", ".zip",     ".tar",     ".tar.gz",
                                                        ".tgz", ".tar.bz2", ".tbz",     ".tar.xz",
                                                        ".txz", ".tlz",     ".tar.lzma"};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// The place of the first byte that is not UTF-8, counted from 1; 0 = there is none.
std::size_t firstBadByte(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = [&](std::size_t i) {
      return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const unsigned first = byte(at), second = byte(at + 1);
    std::size_t size = 1;
    if (first >= 0xC2 && first < 0xE0) size = 2;
    if (first >= 0xE0 && first < 0xF0) size = 3;
    if (first >= 0xF0 && first < 0xF5) size = 4;
    bool isGood = size > 1 || first < 0x80;
    for (std::size_t i = 1; i < size; ++i) isGood = isGood && (byte(at + i) & 0xC0U) == 0x80U;
    isGood = isGood && !(first == 0xE0 && second < 0xA0) && !(first == 0xED && second >= 0xA0) &&
             !(first == 0xF0 && second < 0x90) && !(first == 0xF4 && second >= 0x90);
    if (!isGood) return at + 1;
    at += size;
  }
  return 0;
}

/// A comment begins with # at the start of a line or after a space.
std::size_t commentIn(std::string_view line) {
  for (std::size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1))
    if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') return at;
  return line.size();
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

std::vector<std::string_view> wordsOf(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t begin = 0; begin < line.size();) {
    const std::size_t end = std::min(line.find(' ', begin), line.size());
    if (end > begin) words.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

/// "${NAME}", which pip replaces by a variable of its environment; empty = there is none.
std::string_view variableIn(std::string_view line) {
  for (std::size_t at = line.find("${"); at != std::string_view::npos;
       at = line.find("${", at + 1)) {
    const auto end = line.find('}', at);
    if (end != std::string_view::npos) return line.substr(at, end + 1 - at);
  }
  return {};
}

/// The scheme of a URL, or of the URL in "name @ URL", in lower case; empty = there is none.
std::string schemeOf(std::string_view project) {
  const auto schemeAt = [&](std::size_t begin) -> std::string {
    begin = std::min(project.find_first_not_of(' ', begin), project.size());
    const auto isPart = [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '+' || c == '.' || c == '-';
    };
    std::size_t end = begin;
    while (end < project.size() && isPart(static_cast<unsigned char>(project[end]))) ++end;
    if (end == begin || end == project.size() || project[end] != ':') return {};
    return lower(std::string(project.substr(begin, end - begin)));
  };
  if (std::string scheme = schemeAt(0); !scheme.empty()) return scheme;
  const auto at = project.find('@');
  return at == std::string_view::npos ? std::string() : schemeAt(at + 1);
}

bool isPath(std::string_view project) {
  const std::string name =
      lower(std::string(trimmed(project.substr(0, project.find_first_of(";[")))));
  return name.starts_with('.') || name.starts_with('~') || name.find('/') != std::string::npos ||
         std::any_of(kArchives.begin(), kArchives.end(),
                     [&](std::string_view end) { return name.ends_with(end); });
}

/// One file while it is checked.
class Checker {
 public:
  Checker(std::string_view file, const AllowedRequests& allowed) : file_(file), allowed_(allowed) {}

  std::string check(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      take(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    finish();
    return std::move(out_);
  }

 private:
  [[noreturn]] void reject(const std::string& why) const {
    pw::reject(std::string(file_) + ", line " + std::to_string(first_) + ": " + why);
  }
  void require(std::string_view kind, const std::string& what) const {
    if (allowed_.contains(kind)) return;
    reject(what + " is not allowed here; the setting allow: [" + std::string(kind) +
           "] of the planner would allow it");
  }

  /// Joins lines as pip does: one that ends with a backslash goes on in the next.
  void take(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++line_;
    if (lines_++ == 0) first_ = line_;
    if (const auto bad = firstBadByte(line); bad != 0)
      reject("byte " + std::to_string(bad) + " of line " + std::to_string(line_) +
             " is not UTF-8; save the file as UTF-8");
    const bool isComment = line.find_first_not_of(" \t") == commentIn(line);
    const bool goesOn = line.ends_with('\\') && !isComment;
    if (isComment) joined_ += ' ';
    if (goesOn) line.remove_suffix(line.size() - 1 - line.find_last_not_of('\\'));
    joined_ += line;
    if (!goesOn) finish();
  }

  /// Ends the line that was joined, and keeps the numbers of those after it.
  void finish() {
    std::string line = joined_.substr(0, commentIn(joined_));
    std::replace(line.begin(), line.end(), '\t', ' ');
    // Other spaces than these are spaces to pip, too, and would hide an option from this check.
    for (const unsigned char c : line)
      if (c < 0x20 || c > 0x7E)
        reject(c < 0x80 ? "it holds a control character"
                        : "only comments may hold other characters than those of ASCII");
    checkLine(trimmed(line));
    // Before a comment or a space it joins nothing here, but would in what pip is given.
    if (trimmed(line).ends_with('\\')) reject("a backslash is not the last character of its line");
    out_ += trimmed(line);
    out_.append(static_cast<std::size_t>(lines_), '\n');
    joined_.clear();
    lines_ = 0;
  }

  /// As pip reads it: words up to the first that begins with a dash are the project, the rest are
  /// options.
  void checkLine(std::string_view line) const {
    if (const auto variable = variableIn(line); !variable.empty())
      require(kVariables, std::string(variable));
    const auto words = wordsOf(line);
    const auto options = std::find_if(words.begin(), words.end(),
                                      [](std::string_view word) { return word.starts_with('-'); });
    const auto end = options == words.end()
                         ? line.size()
                         : static_cast<std::size_t>(options->data() - line.data());
    checkProject(line.substr(0, end));
    for (auto word = options; word != words.end(); ++word) {
      if (!word->starts_with('-'))
        checkProject(*word);
      else if (checkOption(*word) && word + 1 != words.end())
        ++word;  // its value is as free as itself
    }
  }

  /// Whether the next word belongs to it, being allowed.
  bool checkOption(std::string_view word) const {
    if (word.find_first_of("'\"\\") != std::string_view::npos)
      reject("quotes and backslashes are not for options: " + std::string(word));
    const bool isLong = word.starts_with("--");
    const std::string_view name = isLong ? word.substr(0, word.find('=')) : word.substr(0, 2);
    if (std::find(kHarmless.begin(), kHarmless.end(), name) != kHarmless.end()) return false;
    const auto known = std::find_if(kOptions.begin(), kOptions.end(),
                                    [&](const KindOfOption& each) { return each.option == name; });
    if (known == kOptions.end())
      reject("the option " + std::string(name) + " is not for requirements files");
    require(known->kind, std::string(name));
    return name.size() == word.size() && name != "--no-index";
  }

  void checkProject(std::string_view project) const {
    const std::string scheme = schemeOf(project);
    if (scheme == "http" || scheme == "https") return;
    if (scheme == "file") return require(kFiles, "file:");
    if (scheme.find('+') != std::string::npos) return require(kRepositories, scheme + ":");
    if (!scheme.empty())
      reject("a URL of the scheme " + scheme + ": is not for requirements files");
    if (isPath(project)) require(kFiles, "the path " + std::string(trimmed(project)));
  }

  const std::string_view file_;
  const AllowedRequests& allowed_;
  int line_ = 0, first_ = 0, lines_ = 0;
  std::string joined_, out_;
};

}  // namespace

void refuseLarge(std::string_view file, std::uint64_t bytes) {
  if (bytes > kMostBytes)
    pw::reject(std::string(file) + " is larger than 1 MiB, the most for a requirements file");
}

std::string checkedRequirements(std::string_view file, std::string_view text,
                                const AllowedRequests& allowed) {
  return Checker(file, allowed).check(text);
}

bool asksOnlyForProjects(std::string_view text) {
  if (text.find("://") != std::string_view::npos) return false;
  try {
    checkedRequirements("", text, {});
    return true;
  } catch (const pw::Stop&) {  // it says what else is asked for
    return false;
  }
}

}  // namespace wheels
