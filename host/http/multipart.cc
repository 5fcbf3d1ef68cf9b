#include "http/multipart.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

#include "http/headers.h"

namespace planwright {

namespace {

constexpr std::size_t kPiece = 256 * 1024;
constexpr std::size_t kLargestPartHead = 16 * 1024;
constexpr int kMostParts = 100;  // each costs a search, however small it is

/// Up to `size` bytes; no more are set aside than the file has, as most bodies are small.
std::string readAt(int fd, std::uint64_t offset, std::size_t size) {
  struct stat file {};
  if (::fstat(fd, &file) != 0)
    throw std::system_error(errno, std::generic_category(), "multipart body");
  const auto fileBytes = static_cast<std::uint64_t>(file.st_size);
  size = std::min<std::uint64_t>(size, fileBytes - std::min(offset, fileBytes));
  std::string out(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t n =
        ::pread(fd, out.data() + have, size - have, static_cast<off_t>(offset + have));
    if (n < 0) throw std::system_error(errno, std::generic_category(), "multipart body");
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  out.resize(have);
  return out;
}

/// The offset of `text` at or after `from`.
std::optional<std::uint64_t> findText(int fd, std::uint64_t from, std::string_view text) {
  for (std::uint64_t at = from;;) {
    const std::string piece = readAt(fd, at, kPiece);
    const auto found = piece.find(text);
    if (found != std::string::npos) return at + found;
    if (piece.size() < kPiece) return std::nullopt;
    at += piece.size() - text.size();
  }
}

/// The value of `name="…"` (or unquoted) among the parameters of a header field.
std::string parameter(std::string_view field, std::string_view name) {
  std::size_t at = 0;
  while ((at = field.find(';', at)) != std::string_view::npos) {
    ++at;
    while (at < field.size() && field[at] == ' ') ++at;
    const auto equals = field.find('=', at);
    if (equals == std::string_view::npos) return {};
    if (!equalsIgnoringCase(field.substr(at, equals - at), name)) continue;
    std::string_view value = field.substr(equals + 1);
    if (!value.starts_with('"')) return std::string(value.substr(0, value.find_first_of("; \r\n")));
    std::string out;
    for (std::size_t i = 1; i < value.size() && value[i] != '"'; ++i) {
      if (value[i] == '\\' && i + 1 < value.size()) ++i;
      out += value[i];
    }
    return out;
  }
  return {};
}

/// The Content-Disposition field of a part's head.
std::string_view dispositionOf(std::string_view head) {
  constexpr std::string_view kName = "content-disposition:";
  std::size_t at = 0;
  while (at < head.size()) {
    const std::size_t end = std::min(head.find("\r\n", at), head.size());
    const std::string_view line = head.substr(at, end - at);
    if (line.size() > kName.size() && equalsIgnoringCase(line.substr(0, kName.size()), kName))
      return line;
    at = end + 2;
  }
  return {};
}

}  // namespace

Result<FilePart> findFilePart(int fd, std::string_view contentType) {
  const std::string boundary = parameter(contentType, "boundary");
  if (boundary.empty() || boundary.size() > 70)
    return invalid("The multipart body has no boundary.", "Content-Type");
  const std::string delimiter = "\r\n--" + boundary;
  const std::string first = delimiter.substr(2);
  std::uint64_t at = first.size();
  if (readAt(fd, 0, first.size()) != first) {
    const auto start = findText(fd, 0, delimiter);
    if (!start) return invalid("The multipart body does not begin with its boundary.", "body");
    at = *start + delimiter.size();
  }
  for (int parts = 0; parts < kMostParts; ++parts) {
    const std::string head = readAt(fd, at, kLargestPartHead);
    if (head.starts_with("--")) return invalid("There is no part named \"file\".", "file");
    const auto blank = head.find("\r\n\r\n");
    if (blank == std::string::npos)
      return invalid("A part of the multipart body has no end.", "body");
    const std::uint64_t body = at + blank + 4;
    const auto end =
        findText(fd, body - 2, delimiter);  // an empty part ends with its head's line end
    if (!end) return invalid("The multipart body is cut off.", "body");
    const std::string_view field = dispositionOf(std::string_view(head).substr(0, blank + 2));
    if (parameter(field, "name") == "file")
      return FilePart{.filename = parameter(field, "filename"),
                      .offset = body,
                      .size = std::max(*end, body) - body};
    at = *end + delimiter.size();
  }
  return invalid("The multipart body has more than 100 parts.", "body");
}

}  // namespace planwright
