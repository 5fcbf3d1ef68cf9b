#pragma once

#include <string>

#include "base/json.h"

namespace planwright {

/// Compares real answers with host/http/openapi.json: the path, the parameters, the status, the
/// media type, and every member of a JSON body. Understands what the document uses of JSON Schema
/// 2020-12.
class OpenapiChecker {
 public:
  OpenapiChecker();

  /// What the document does not allow about this answer, or "". `line`: "GET /api/plans?limit=1".
  std::string complaint(const std::string& line, int status, const std::string& contentType,
                        const std::string& body) const;

 private:
  const JsonValue* operationOf(const std::string& line, std::string& why) const;
  std::string unknownParameter(const JsonValue& operation, const std::string& line) const;
  std::string check(const JsonValue& schema, const JsonValue& value, const std::string& at) const;
  std::string checkObject(const JsonValue& schema, const JsonValue& value,
                          const std::string& at) const;
  const JsonValue& resolved(const JsonValue& given) const;  // what a $ref leads to

  JsonDocument document_;
};

}  // namespace planwright
