#include "wheel_job.h"

#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace wheels {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void write(Writer& out, const std::string& text) {
  out.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write(Writer& out, const std::vector<std::string>& list) {
  out.StartArray();
  for (const auto& text : list) write(out, text);
  out.EndArray();
}

/// WISHES of build_wheel.py. `project` null: only what the build sees.
std::string wishesJson(const Project* project, const BuildInputs* build) {
  rapidjson::StringBuffer buffer;
  Writer out(buffer);
  out.StartObject();
  if (project) {
    out.Key("name"), write(out, project->name);
    out.Key("version"), write(out, project->version);
    out.Key("requires"), write(out, project->requirements);
  }
  out.Key("environment");
  if (!build) {
    out.Null();
  } else {
    write(out, build->environment);
    out.Key("environments"), out.StartObject();
    for (const auto& [file, environment] : build->environments)
      write(out, file), write(out, environment);
    out.EndObject();
  }
  out.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace

std::vector<std::string> hookCommand(const std::string& python, const std::string& file,
                                     const Project& project, const BuildInputs* build) {
  return {python, kHelperFile, "./" + file, wishesJson(&project, build)};
}

std::string environmentJson(const BuildInputs* build) {
  return wishesJson(nullptr, build);
}

}  // namespace wheels
