#include "http/range.h"

#include <algorithm>
#include <charconv>

namespace planwright {

namespace {

std::optional<std::uint64_t> parseNumber(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || stopped != end) return std::nullopt;
  return number;
}

std::string_view withoutWeakness(std::string_view etag) {
  return etag.starts_with("W/") ? etag.substr(2) : etag;
}

}  // namespace

RangeAnswer parseRange(std::string_view header, std::uint64_t totalBytes) {
  constexpr std::string_view kUnit = "bytes=";
  if (!equalsIgnoringCase(header.substr(0, kUnit.size()), kUnit)) return {};
  header.remove_prefix(kUnit.size());
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view first = header.substr(0, dash);
  const std::string_view last = header.substr(dash + 1);
  const auto from = parseNumber(first);
  const auto to = parseNumber(last);
  if ((!from && !first.empty()) || (!to && !last.empty()) || (!from && !to)) return {};
  if (!from) {  // "-500": the last 500 bytes
    if (*to == 0 || totalBytes == 0) return {RangeAnswer::Unsatisfiable, {}};
    const std::uint64_t size = std::min(*to, totalBytes);
    return {RangeAnswer::Part, {totalBytes - size, size}};
  }
  if (to && *to < *from) return {};
  if (*from >= totalBytes) return {RangeAnswer::Unsatisfiable, {}};
  const std::uint64_t end = to ? std::min(*to, totalBytes - 1) : totalBytes - 1;
  return {RangeAnswer::Part, {*from, end - *from + 1}};
}

RangeAnswer rangeOf(const Headers& request, std::string_view etag, std::uint64_t totalBytes) {
  const auto range = request.find("Range");
  if (!range) return {};
  const auto condition = request.find("If-Range");
  if (condition && (etag.empty() || etag.starts_with("W/") || *condition != etag)) return {};
  return parseRange(*range, totalBytes);
}

bool matchesEtag(std::string_view ifNoneMatch, std::string_view etag) {
  if (etag.empty()) return false;
  while (!ifNoneMatch.empty()) {
    const std::size_t comma = ifNoneMatch.find(',');
    std::string_view entry = ifNoneMatch.substr(0, comma);
    ifNoneMatch.remove_prefix(comma == std::string_view::npos ? ifNoneMatch.size() : comma + 1);
    entry.remove_prefix(std::min(entry.find_first_not_of(" \t"), entry.size()));
    entry = entry.substr(0, entry.find_last_not_of(" \t") + 1);
    if (entry == "*" || withoutWeakness(entry) == withoutWeakness(etag)) return true;
  }
  return false;
}

}  // namespace planwright
