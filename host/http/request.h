#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "http/headers.h"
#include "http/url.h"
#include "model/caller.h"

namespace planwright {

enum class Method { Get, Head, Post, Put, Patch, Delete, Options };

std::string_view toText(Method method);
/// True for the methods that may change something.
inline bool isWrite(Method method) {
  return method != Method::Get && method != Method::Head && method != Method::Options;
}

/// One complete request, parsed, limited and decoded. Built by the connection, read by one handler
/// on one HTTP worker thread.
struct Request {
  Method method = Method::Get;
  std::string target;  ///< as sent: "/api/plans/7?x=1"
  std::string path;    ///< as sent, without the query: "/api/plans/7"
  std::map<std::string, std::string, std::less<>> params;  ///< from {name} in the route, decoded
  Query query;
  Headers headers;
  std::string body;                          ///< empty for upload routes
  std::shared_ptr<const UniqueFd> bodyFile;  ///< upload routes only: an unlinked file, at offset 0
  std::size_t bodySize = 0;                  ///< bytes of `body` or `bodyFile`
  std::string peer;                          ///< address of the client, without the port
  std::string requestId;                     ///< X-Request-Id, or made up
  Caller caller;                             ///< who asks; filled in by the gate
  bool keepAlive = true;
  bool isHttp11 = true;

  /// A path parameter of the route, decoded. Empty if the route has none of that name.
  std::string_view param(std::string_view name) const;
  /// The same as a positive whole number; NotFound if it is none (no such id can exist).
  Result<long long> id(std::string_view name = "id") const;
};

}  // namespace planwright
