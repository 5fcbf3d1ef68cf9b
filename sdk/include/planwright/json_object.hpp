// planwright/json_object.hpp - one JSON object, written member by member.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace pw {

/// JsonObject().member("name", name).member("exit", 1).take(). Texts are UTF-8.
class JsonObject {
 public:
  JsonObject() { out_.StartObject(); }

  JsonObject& member(std::string_view name, std::string_view value) {
    text(name);
    text(value);
    return *this;
  }
  JsonObject& member(std::string_view name, std::int64_t value) {
    text(name);
    out_.Int64(value);
    return *this;
  }
  /// An object that is written already.
  JsonObject& object(std::string_view name, std::string_view json) {
    text(name);
    out_.RawValue(json.data(), json.size(), rapidjson::kObjectType);
    return *this;
  }
  /// Once, at the end.
  std::string take() {
    out_.EndObject();
    return {buffer_.GetString(), buffer_.GetSize()};
  }

 private:
  void text(std::string_view value) {
    out_.String(value.data() ? value.data() : "", static_cast<rapidjson::SizeType>(value.size()));
  }

  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> out_{buffer_};
};

}  // namespace pw
