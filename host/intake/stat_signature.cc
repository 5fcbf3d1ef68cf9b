#include "intake/stat_signature.h"

#include <charconv>

#include <fmt/format.h>
#include <sys/stat.h>

namespace planwright {
namespace {

std::int64_t nanoseconds(const struct timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

StatSignature StatSignature::of(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim),
          nanoseconds(status.st_ctim)};
}

std::string StatSignature::text() const {
  if (*this == StatSignature{}) return {};
  return fmt::format("{}:{}:{}:{}:{}", device, inode, sizeBytes, mtimeNs, ctimeNs);
}

std::optional<StatSignature> StatSignature::parse(std::string_view text) {
  StatSignature out;
  const auto number = [&text](auto& field, bool isLast) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), field);
    if (error != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (isLast) return text.empty();
    if (!text.starts_with(':')) return false;
    text.remove_prefix(1);
    return true;
  };
  const bool isValid = number(out.device, false) && number(out.inode, false) &&
                       number(out.sizeBytes, false) && number(out.mtimeNs, false) &&
                       number(out.ctimeNs, true);
  if (!isValid || out == StatSignature{}) return std::nullopt;
  return out;
}

}  // namespace planwright
