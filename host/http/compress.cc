#include "http/compress.h"

#include <stdexcept>

#include <zlib.h>

namespace planwright {

std::string gzip(std::string_view bytes, int level) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;  // 16 = gzip frame instead of zlib's
  if (deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("gzip: zlib could not start");
  }
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  // zlib does not write through next_in; its type is just older than const
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int outcome = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (outcome != Z_STREAM_END) throw std::runtime_error("gzip: zlib did not finish");
  return packed;
}

bool isCompressible(std::string_view contentType) {
  contentType = contentType.substr(0, contentType.find(';'));
  return contentType.starts_with("text/") || contentType == "application/json" ||
         contentType.ends_with("+json") || contentType == "application/javascript" ||
         contentType == "image/svg+xml";
}

bool acceptsGzip(const Headers& request) {
  return acceptsToken(request.getOr("Accept-Encoding"), "gzip");
}

}  // namespace planwright
