#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace planwright {

/// The part named `file` of a multipart/form-data body (RFC 7578).
struct FilePart {
  std::string filename;  ///< as sent, may be empty
  std::uint64_t offset = 0, size = 0;
};

/// Finds that part in a body of any size without holding it in memory. Invalid: it is malformed or
/// has no such part.
Result<FilePart> findFilePart(int fd, std::string_view contentType);

}  // namespace planwright
