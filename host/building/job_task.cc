#include "building/job_task.h"

#include <fmt/format.h>

#include "base/json.h"

namespace planwright {

std::string toJson(const std::vector<JobOutput>& outputs) {
  JsonWriter json;
  json.array();
  for (const auto& output : outputs)
    json.object()
        .member("name", output.name)
        .member("digest", output.digest)
        .member("size", output.sizeBytes)
        .member("mode", fmt::format("{:04o}", output.mode))
        .end();
  return json.end().take();
}

std::vector<JobOutput> outputsFrom(const std::string& json) {
  std::vector<JobOutput> outputs;
  const auto parsed = parseJson(json);
  if (!parsed || !parsed->IsArray()) return outputs;
  for (const auto& item : parsed->GetArray())
    outputs.push_back(
        {textOr(item, "name"), textOr(item, "digest"), numberOr(item, "size", 0),
         static_cast<unsigned>(std::stoul(textOr(item, "mode", "0644"), nullptr, 8))});
  return outputs;
}

}  // namespace planwright
