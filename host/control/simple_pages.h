#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/wheel_name.h"

namespace planwright {

/// A wheel that an index lists.
struct IndexedWheel {
  std::string file;  ///< "Flask-3.0-py3-none-any.whl"
  WheelName name;
  std::string digest;  ///< "sha256:…"
  std::int64_t sizeBytes = 0;
};

/// By project. Of each file name there is one.
using WheelSet = std::map<std::string, std::vector<IndexedWheel>, std::less<>>;

/// What an index says of the METADATA of a wheel.
struct WheelFacts {
  std::string metadataDigest;  ///< empty: the wheel is listed without it
  std::string requiresPython;  ///< empty: any
  friend bool operator==(const WheelFacts&, const WheelFacts&) = default;
};

/// The two forms of a page of an index: PEP 503, and PEP 691 with PEP 700.
enum class IndexForm { Html, Json };

// Links are relative to the page, so that they hold behind any proxy. Same wheels, same bytes.

/// The list of projects.
std::string projectList(std::string_view address, const WheelSet& wheels, IndexForm form);

/// The files of one project, each at DIGEST/FILE beside the page, so that an installer which has
/// read the page gets what it names, whatever is built meanwhile.
std::string projectPage(std::string_view project, const std::vector<IndexedWheel>& wheels,
                        const std::vector<WheelFacts>& facts, IndexForm form);

}  // namespace planwright
