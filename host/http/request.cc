#include "http/request.h"

#include <charconv>

namespace planwright {

std::string_view toText(Method method) {
  switch (method) {
    case Method::Get:
      return "GET";
    case Method::Head:
      return "HEAD";
    case Method::Post:
      return "POST";
    case Method::Put:
      return "PUT";
    case Method::Patch:
      return "PATCH";
    case Method::Delete:
      return "DELETE";
    case Method::Options:
      return "OPTIONS";
  }
  return "GET";
}

std::string_view Request::param(std::string_view name) const {
  const auto found = params.find(name);
  return found == params.end() ? std::string_view() : std::string_view(found->second);
}

Result<long long> Request::id(std::string_view name) const {
  const std::string_view text = param(name);
  long long number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end || number <= 0) {
    return notFound("There is nothing with the id \"" + std::string(text) + "\": ids are numbers.");
  }
  return number;
}

}  // namespace planwright
