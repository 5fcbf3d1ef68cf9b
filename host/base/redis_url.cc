#include "base/redis_url.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/percent_encoding.h"

namespace planwright {
namespace {

constexpr const char* kForms =
    "write redis://HOST:PORT/DATABASE, rediss://… for TLS, or unix:PATH; a name and a password "
    "stand before the host: redis://USER:PASSWORD@HOST";

std::optional<int> numberOf(std::string_view text, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > most)
    return std::nullopt;
  return value;
}

/// Reads one URL, part by part. Each part says what is wrong with it.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  Result<RedisUrl> read() {
    if (!readScheme()) return invalid(kForms);
    if (const auto query = rest_.find('?'); query != std::string_view::npos) {
      readOptions(rest_.substr(query + 1));
      rest_ = rest_.substr(0, query);
    }
    if (url_.isUnix)
      readPath();
    else
      readAuthority();
    if (!url_.user.empty() && url_.password.empty()) complain("a user needs a password");
    if (url_.certFile.empty() != url_.keyFile.empty()) complain("cert and key go together");
    if (!problem_.empty()) return invalid(problem_ + "; " + kForms);
    return url_;
  }

 private:
  /// The first one counts.
  void complain(const std::string& problem) {
    if (problem_.empty()) problem_ = "the address of Redis: " + problem;
  }

  bool readScheme() {
    if (rest_.starts_with("unix:")) {
      url_.isUnix = true;
      rest_.remove_prefix(5);
      return true;
    }
    url_.isTls = rest_.starts_with("rediss://");
    if (!url_.isTls && !rest_.starts_with("redis://")) return false;
    rest_.remove_prefix(url_.isTls ? 9 : 8);
    return true;
  }

  void take(std::string_view text, const char* what, std::string& into) {
    auto value = percentDecoded(text);
    if (!value)
      complain(fmt::format("{}: a percent sign needs two hexadecimal digits behind it", what));
    else
      into = std::move(*value);
  }

  void readDatabase(std::string_view text) {
    const auto database = numberOf(text, 1 << 30);
    if (!database)
      complain("the database behind the host must be a number");
    else if (hasDatabase_ && url_.database != *database)
      complain("two databases are named");
    else
      url_.database = *database;
    hasDatabase_ = true;
  }

  void readOptions(std::string_view text) {
    if (text.find('@') != std::string_view::npos)  // it would be shown as an option
      return complain("a question mark in a password is written %3F, and an @ in an option %40");
    while (!text.empty()) {
      const auto end = std::min(text.find('&'), text.size());
      const std::string_view option = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      const auto equals = std::min(option.find('='), option.size());
      readOption(option.substr(0, equals), option.substr(std::min(equals + 1, option.size())));
    }
  }

  void readOption(std::string_view name, std::string_view value) {
    if (name == "db") return readDatabase(value);
    if (name == "user") return take(value, "user", url_.user);
    if (name == "password") return take(value, "the password", url_.password);
    std::string* file = name == "ca"     ? &url_.caFile
                        : name == "cert" ? &url_.certFile
                        : name == "key"  ? &url_.keyFile
                                         : nullptr;
    if (!file)
      return complain(fmt::format(
          "there is no option {}; there are db, user, password, ca, cert and key", name));
    if (!url_.isTls) complain(fmt::format("{} is for rediss://", name));
    take(value, "a file", *file);
    if (!file->starts_with('/')) complain(fmt::format("{} must be an absolute path", name));
  }

  void readPath() {
    take(rest_, "the path", url_.host);
    if (url_.host.empty()) complain("the path of the socket is missing");
  }

  void readAuthority() {
    // Behind the last @: a password may have one that is not encoded.
    if (const auto at = rest_.rfind('@'); at != std::string_view::npos) {
      readUser(rest_.substr(0, at));
      rest_.remove_prefix(at + 1);
    }
    if (const auto slash = rest_.find('/'); slash != std::string_view::npos) {
      if (slash + 1 < rest_.size()) readDatabase(rest_.substr(slash + 1));
      rest_ = rest_.substr(0, slash);
    }
    if (rest_.starts_with('[')) {
      const auto end = rest_.find(']');
      if (end == std::string_view::npos) return complain("an IPv6 address ends with ]");
      url_.host = rest_.substr(1, end - 1);
      rest_.remove_prefix(end + 1);
      if (!rest_.empty() && rest_.front() != ':')
        return complain("only a port may follow an IPv6 address");
      if (!rest_.empty()) readPort(rest_.substr(1));
      return;
    }
    const auto colon = rest_.find(':');
    if (colon != rest_.rfind(':'))
      return complain("an IPv6 address stands in brackets, as in redis://[::1]:6379");
    if (colon != std::string_view::npos) readPort(rest_.substr(colon + 1));
    if (const auto host = rest_.substr(0, colon); !host.empty()) url_.host = host;
  }

  void readUser(std::string_view text) {
    const auto colon = std::min(text.find(':'), text.size());
    take(text.substr(0, colon), "user", url_.user);
    if (colon < text.size()) take(text.substr(colon + 1), "the password", url_.password);
  }

  void readPort(std::string_view text) {
    const auto port = numberOf(text, 65535);
    if (!port || *port == 0)
      complain("the port behind the host must be a number from 1 to 65535");
    else
      url_.port = *port;
  }

  std::string_view rest_;
  RedisUrl url_;
  bool hasDatabase_ = false;
  std::string problem_;
};

}  // namespace

Result<RedisUrl> RedisUrl::parse(std::string_view text) {
  return Reader(text).read();
}

std::string RedisUrl::encodedPath(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c == '%' || c == '?')
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out;
}

std::string RedisUrl::shown() const {
  const std::string behind = database == 0 ? "" : std::to_string(database);
  if (isUnix) return "unix:" + host + (behind.empty() ? "" : "?db=" + behind);
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return fmt::format("{}://{}:{}{}", isTls ? "rediss" : "redis", name, port,
                     behind.empty() ? "" : "/" + behind);
}

}  // namespace planwright
