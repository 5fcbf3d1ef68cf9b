#include "control/log_file.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <system_error>

#include <fcntl.h>
#include <regex.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "base/utf8.h"

namespace planwright {

namespace {

constexpr std::size_t kChunk = 256 * 1024;
constexpr std::size_t kLongestLine = 16 * 1024;
constexpr std::size_t kLargestPage = std::size_t{4} << 20;
constexpr auto kSearchTime = std::chrono::seconds(2);

/// Calls `line(text, isCut)` for every line, `text` at most kLongestLine bytes; stops at false.
void forEachLine(const std::filesystem::path& path,
                 const std::function<bool(std::string_view, bool)>& line) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return;
  if (!file) throw std::system_error(errno, std::generic_category(), path.string());
  std::string chunk(kChunk, '\0');
  std::string pending;
  bool isCut = false, isOpen = false;
  while (true) {
    const ssize_t size = ::read(file.get(), chunk.data(), chunk.size());
    if (size < 0) throw std::system_error(errno, std::generic_category(), path.string());
    if (size == 0) break;
    std::string_view rest(chunk.data(), static_cast<std::size_t>(size));
    while (!rest.empty()) {
      const auto newline = rest.find('\n');
      const std::string_view piece = rest.substr(0, newline);
      const std::size_t room = kLongestLine - std::min(kLongestLine, pending.size());
      isCut = isCut || piece.size() > room;
      isOpen = newline == std::string_view::npos;
      if (!isOpen && pending.empty() && !isCut) {
        if (!line(piece, false)) return;
      } else {
        pending.append(piece.substr(0, room));
        if (!isOpen) {
          if (!line(pending, isCut)) return;
          pending.clear();
          isCut = false;
        }
      }
      if (isOpen) break;
      rest.remove_prefix(newline + 1);
    }
  }
  if (isOpen) line(pending, isCut);
}

std::string_view withoutReturn(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

struct FreeRegex {
  void operator()(regex_t* regex) const {
    regfree(regex);
    delete regex;
  }
};
using Regex = std::unique_ptr<regex_t, FreeRegex>;

/// glibc's matcher is linear but for back references, and its compiler's memory grows with counts.
Result<Regex> compile(const std::string& text) {
  const auto bad = [](std::string why) {
    return Error{ErrorKind::Invalid, std::move(why), "bad-pattern", "/q"};
  };
  for (std::size_t i = 0; i + 1 < text.size(); ++i)
    if (text[i] == '\\' && text[i + 1] >= '1' && text[i + 1] <= '9')
      return bad("Back references are not searched for.");
  if (text.size() > 200 || std::count(text.begin(), text.end(), '{') > 1)
    return bad("The expression is too long, or repeats by number more than once.");
  for (std::size_t i = 0, digits = 0; i < text.size(); ++i) {
    digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
    if (digits > 2 && text.find('{') < i) return bad("It repeats by a number over 99.");
  }
  auto raw = std::make_unique<regex_t>();
  const int error = regcomp(raw.get(), text.c_str(), REG_EXTENDED | REG_ICASE | REG_NOSUB);
  if (error != 0) {
    char why[200];
    regerror(error, raw.get(), why, sizeof why);
    return bad(std::string("It is not a regular expression: ") + why + ".");
  }
  return Regex(raw.release());
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool contains(std::string_view line, std::string_view lowerText) {
  return std::search(line.begin(), line.end(), lowerText.begin(), lowerText.end(),
                     [](char a, char b) { return lower(a) == b; }) != line.end();
}

}  // namespace

LogLines LogFile::read(std::int64_t firstLine, int limit) const {
  LogLines out{.firstLine = firstLine, .lines = {}};
  std::size_t pageSize = 0;
  forEachLine(path_, [&](std::string_view text, bool isCut) {
    ++out.totalLines;
    if (out.totalLines < firstLine || out.lines.size() >= static_cast<std::size_t>(limit))
      return true;
    const bool isFull = pageSize + text.size() > kLargestPage;
    out.isTruncated = out.isTruncated || isCut || isFull;
    if (isFull) {
      limit = static_cast<int>(out.lines.size());
      return true;
    }
    pageSize += text.size();
    out.lines.push_back(toUtf8(withoutReturn(text)));
    return true;
  });
  return out;
}

Result<LogHits> LogFile::search(const std::string& text, bool isRegex, int limit) const {
  Regex regex;
  if (isRegex) {
    auto compiled = compile(text);
    if (!compiled) return compiled.error();
    regex = std::move(*compiled);
  }
  std::string wanted = text;
  std::transform(wanted.begin(), wanted.end(), wanted.begin(), lower);
  LogHits out;
  std::int64_t number = 0;
  const auto end = std::chrono::steady_clock::now() + kSearchTime;
  forEachLine(path_, [&](std::string_view line, bool) {
    ++number;
    if (number % 256 == 0 && std::chrono::steady_clock::now() > end) {
      out.isComplete = false;
      return false;
    }
    const std::string_view shown = withoutReturn(line);
    const bool isHit = regex ? regexec(regex.get(), std::string(shown).c_str(), 0, nullptr, 0) == 0
                             : contains(shown, wanted);
    if (!isHit) return true;
    ++out.total;
    if (out.hits.size() < static_cast<std::size_t>(limit))
      out.hits.push_back({number, toUtf8(shown.substr(0, 1024))});
    return true;
  });
  return out;
}

}  // namespace planwright
