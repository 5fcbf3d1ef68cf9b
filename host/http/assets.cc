#include "http/assets.h"

#include <algorithm>
#include <array>

#include "base/digest.h"
#include "http/compress.h"
#include "http/problem.h"

namespace planwright {

namespace {

/// "app-1a2b3c4d.js", "index.B7xQ2_aa.css": a part of eight or more letters and digits, with a
/// digit, before the ending. Such a name never gets other content.
bool hasHash(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  const std::string_view stem = name.substr(0, dot);
  const std::size_t begin = stem.find_last_of("-./");
  if (begin == std::string_view::npos || stem[begin] == '/') return false;
  const std::string_view hash = stem.substr(begin + 1);
  const auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
  const auto isWordChar = [&](char c) {
    return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  constexpr std::size_t kMinLength = 8;
  return hash.size() >= kMinLength && std::all_of(hash.begin(), hash.end(), isWordChar) &&
         std::any_of(hash.begin(), hash.end(), isDigit);
}

}  // namespace

std::string_view contentTypeOf(std::string_view name) {
  struct Type {
    std::string_view ending;
    std::string_view type;
  };
  static constexpr std::array kTypes = {
      Type{".html", "text/html; charset=utf-8"},
      Type{".js", "text/javascript; charset=utf-8"},
      Type{".css", "text/css; charset=utf-8"},
      Type{".json", "application/json"},
      Type{".map", "application/json"},
      Type{".svg", "image/svg+xml"},
      Type{".png", "image/png"},
      Type{".ico", "image/x-icon"},
      Type{".woff2", "font/woff2"},
      Type{".txt", "text/plain; charset=utf-8"},
      Type{".webmanifest", "application/manifest+json"},
  };
  for (const Type& type : kTypes) {
    if (name.ends_with(type.ending)) return type.type;
  }
  return "application/octet-stream";
}

std::string_view pageSecurityPolicy() {
  return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
         "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
}

Assets::Assets(const std::map<std::string_view, std::string_view>& files, std::string_view prefix) {
  for (const auto& [path, bytes] : files) {
    if (!path.starts_with(prefix)) continue;
    const std::string_view name = path.substr(prefix.size());
    Asset asset;
    asset.bytes = bytes;
    asset.contentType = contentTypeOf(name);
    asset.immutable = hasHash(name);
    asset.etag = Digest::of(bytes).hex().substr(0, 24);
    if (bytes.size() >= kCompressFromBytes && isCompressible(asset.contentType)) {
      asset.gzipped = gzip(bytes, 9);
      if (asset.gzipped.size() >= bytes.size()) asset.gzipped.clear();
    }
    assets_.emplace(name, std::move(asset));
  }
}

Response Assets::serve(const Request& request, std::string_view name) const {
  const auto found = assets_.find(name.empty() ? std::string_view("index.html") : name);
  if (found == assets_.end()) {
    return problem(404, "not-found", "There is nothing at " + request.path + ".");
  }
  const Asset& asset = found->second;
  const bool isZipped = !asset.gzipped.empty() && acceptsGzip(request.headers);
  Response response =
      Response::text(isZipped ? asset.gzipped : std::string(asset.bytes), asset.contentType);
  response.etag(isZipped ? asset.etag + "-gz" : asset.etag);
  if (isZipped) response.with("Content-Encoding", "gzip");
  if (!asset.gzipped.empty()) response.with("Vary", "Accept-Encoding");
  response.with("Cache-Control",
                asset.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  response.with("Content-Security-Policy", std::string(pageSecurityPolicy()));
  return response;
}

}  // namespace planwright
