#pragma once

#include "base/result.h"

namespace planwright {

/// Whether a descriptor that a plugin hands over can be read to its end as a blob: a file of a disk
/// or of memory that is open for reading. Others may keep the reader for ever (a fifo, a socket, a
/// terminal, a file of /proc) or have no bytes (a folder). Invalid: it says what it is.
Result<void> checkBlobFile(int fd);

}  // namespace planwright
