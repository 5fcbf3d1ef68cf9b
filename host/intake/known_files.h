#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>

#include "intake/stat_signature.h"

namespace planwright {

/// Which content of which name needs no second look: it is recorded, or was refused. Keeps a hash
/// of the name and the whole signature, about 80 bytes per file. Two names with one hash only cost
/// a second read, since their files differ in the signature. One thread.
class KnownFiles {
 public:
  void note(std::string_view name, const StatSignature& signature) {
    if (signature == StatSignature{})
      signatures_.erase(keyOf(name));
    else
      signatures_[keyOf(name)] = signature;
  }
  bool isKnown(std::string_view name, const StatSignature& signature) const {
    const auto found = signatures_.find(keyOf(name));
    return found != signatures_.end() && found->second == signature;
  }
  void clear() { signatures_.clear(); }
  void reserve(std::size_t files) { signatures_.reserve(files); }
  std::size_t size() const { return signatures_.size(); }

 private:
  static std::uint64_t keyOf(std::string_view name) { return std::hash<std::string_view>{}(name); }

  std::unordered_map<std::uint64_t, StatSignature> signatures_;
};

}  // namespace planwright
