#pragma once

#include <string>
#include <vector>

#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace wheels {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

inline void write(Writer& out, const std::string& text) {
  out.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

inline void write(Writer& out, const std::vector<std::string>& list) {
  out.StartArray();
  for (const auto& text : list) write(out, text);
  out.EndArray();
}

/// What `json` writes into it.
template <class Json>
std::string jsonOf(Json json) {
  rapidjson::StringBuffer buffer;
  Writer out(buffer);
  json(out);
  return {buffer.GetString(), buffer.GetSize()};
}

/// An object of the members that `members` writes.
template <class Members>
std::string objectOf(Members members) {
  return jsonOf([&members](Writer& out) {
    out.StartObject();
    members(out);
    out.EndObject();
  });
}

}  // namespace wheels
