#include "wheel_job.h"

#include "json_writer.h"

namespace wheels {
namespace {

/// "environment" and "environments" of build_wheel.py.
void writeEnvironment(Writer& out, const BuildInputs* build) {
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
}

/// An object of what `members` writes and of what the build sees.
template <class Members>
std::string objectWith(const BuildInputs* build, Members members) {
  return objectOf([&](Writer& out) {
    members(out);
    writeEnvironment(out, build);
  });
}

}  // namespace

std::vector<std::string> hookCommand(const std::string& python, const std::string& file,
                                     const Project& project, const BuildInputs* build) {
  return {python, kHelperFile, "./" + file, objectWith(build, [&project](Writer& out) {
            out.Key("name"), write(out, project.name);
            out.Key("version"), write(out, project.version);
            out.Key("requires"), write(out, project.requirements);
          })};
}

std::string environmentJson(const BuildInputs* build) {
  return objectWith(build, [](Writer&) {});
}

std::string metadataWishes(const std::string& file,
                           const std::map<std::string, std::pair<std::string, std::string>>& files,
                           const BuildInputs* build) {
  return objectWith(build, [&](Writer& out) {
    out.Key("file"), write(out, file);
    out.Key("files"), out.StartObject();
    for (const auto& [name, place] : files)
      write(out, name), write(out, std::vector<std::string>{place.first, place.second});
    out.EndObject();
  });
}

}  // namespace wheels
