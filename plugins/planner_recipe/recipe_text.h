#pragma once

#include <string>

namespace recipe {

/// A recipe's bytes as yaml-cpp reads them rightly: without a byte order mark, and what JSON writes
/// as two \u escapes as one. Rejects, with line and column, what is no text: other bytes than UTF-8
/// and control characters, of which yaml-cpp takes one for the end of the file.
std::string readableText(const std::string& bytes);

}  // namespace recipe
