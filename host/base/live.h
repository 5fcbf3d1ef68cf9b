#pragma once

#include <memory>
#include <utility>

#include "base/guarded.h"

namespace planwright {

/// A value that is replaced as a whole while others use it: who takes it keeps what he took, and
/// the last one to let go of an old value ends it. [any thread]
template <class T>
class Live {
 public:
  explicit Live(std::shared_ptr<const T> value) : value_(std::move(value)) {}
  explicit Live(T value) : Live(std::make_shared<const T>(std::move(value))) {}

  std::shared_ptr<const T> now() const { return *value_.lock(); }
  void replace(std::shared_ptr<const T> value) {
    value_.lock()->swap(value);  // what is ended by this ends outside of the lock
  }

 private:
  mutable Guarded<std::shared_ptr<const T>> value_;
};

}  // namespace planwright
