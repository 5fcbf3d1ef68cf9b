#include "programs/sandbox_report.h"

#include "base/json.h"

namespace planwright {

std::string SandboxReport::json() const {
  JsonWriter json;
  json.object().member("level", toText(level)).key("facilities").array();
  for (const auto& facility : facilities)
    json.object()
        .member("name", facility.name)
        .member("works", facility.works)
        .member("detail", facility.detail)
        .end();
  return json.end().member("remedy", remedy).end().take();
}

}  // namespace planwright
