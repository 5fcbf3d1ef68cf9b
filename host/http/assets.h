#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "http/request.h"
#include "http/response.h"

namespace planwright {

/// The page's files, compiled into the program, with their type, ETag and gzip form made once.
/// Names with a hash ("app-1a2b3c4d.js") are cached for ever, all others are revalidated.
/// Immutable: [any thread].
class Assets {
 public:
  /// All embedded files below `prefix`, e.g. "ui/dist/".
  Assets(const std::map<std::string_view, std::string_view>& files, std::string_view prefix);

  /// `name` without a leading slash; "" is index.html. 404 if there is none.
  Response serve(const Request& request, std::string_view name) const;
  bool has(std::string_view name) const { return assets_.contains(name); }

 private:
  struct Asset {
    std::string_view bytes;
    std::string gzipped;  ///< empty if it would not be smaller
    std::string etag;
    std::string_view contentType;
    bool immutable = false;
  };
  std::map<std::string, Asset, std::less<>> assets_;
};

/// By the file name's ending; application/octet-stream for others.
std::string_view contentTypeOf(std::string_view name);
/// The policy of the page: own scripts, styles and connections only.
std::string_view pageSecurityPolicy();

}  // namespace planwright
