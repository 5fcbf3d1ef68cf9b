#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace planwright {

/// Where a Redis is, and who asks.
///   redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]     rediss://… is the same through TLS
///   unix:PATH[?db=DATABASE]
/// USER, PASSWORD and PATH may have percent-encoded bytes, an IPv6 address stands in brackets.
/// Options follow as ?NAME=VALUE&…: `db`, `user`, `password` of all three; `ca` of rediss: the file
/// with the certificates that are trusted (else the system's), `cert` and `key`: this client's own.
struct RedisUrl {
  bool isUnix = false;
  bool isTls = false;
  std::string host = "127.0.0.1";  ///< or the socket's path
  int port = 6379;
  int database = 0;
  std::string user{}, password{};  ///< "": none is said
  std::string caFile{}, certFile{}, keyFile{};

  /// Invalid: what is wrong with it, without the password.
  static Result<RedisUrl> parse(std::string_view text);
  /// A path as it stands in a URL.
  static std::string encodedPath(std::string_view path);
  /// For people: without user and password.
  std::string shown() const;
  friend bool operator==(const RedisUrl&, const RedisUrl&) = default;
};

}  // namespace planwright
