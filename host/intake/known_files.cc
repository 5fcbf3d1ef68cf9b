#include "intake/known_files.h"

#include <functional>

namespace planwright {
namespace {

std::uint64_t keyOf(std::string_view name) {
  return std::hash<std::string_view>{}(name);
}

}  // namespace

void KnownFiles::note(std::string_view name, const StatSignature& signature) {
  if (signature == StatSignature{}) {
    signatures_.erase(keyOf(name));
  } else {
    signatures_[keyOf(name)] = signature;
  }
}

bool KnownFiles::isKnown(std::string_view name, const StatSignature& signature) const {
  const auto found = signatures_.find(keyOf(name));
  return found != signatures_.end() && found->second == signature;
}

}  // namespace planwright
