#include "pip_report.h"

#include <algorithm>

#include "planwright/errors.hpp"
#include "planwright/json_bounds.hpp"

#include "rapidjson/document.h"

namespace wheels {
namespace {

using rapidjson::Value;

const Value* member(const Value* object, const char* name) {
  if (!object || !object->IsObject()) return nullptr;
  const auto at = object->FindMember(name);
  return at == object->MemberEnd() ? nullptr : &at->value;
}

std::string text(const Value* value) {
  return value && value->IsString() ? std::string(value->GetString(), value->GetStringLength())
                                    : std::string();
}

/// Sorted.
std::vector<std::string> texts(const Value* list) {
  std::vector<std::string> out;
  if (!list || !list->IsArray()) return out;
  for (const auto& item : list->GetArray()) out.push_back(text(&item));
  std::sort(out.begin(), out.end());
  return out;
}

std::string normalised(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const bool separates = c == '-' || c == '_' || c == '.';
    if (separates && (out.empty() || out.back() == '-')) continue;
    if (separates)
      out += '-';
    else
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

/// Newer pips give "hashes": {"sha256": ...}, all give "hash": "sha256=...".
std::string sha256Of(const Value* archive) {
  std::string hash = text(member(member(archive, "hashes"), "sha256"));
  if (hash.empty()) {
    hash = text(member(archive, "hash"));
    if (!hash.starts_with("sha256=")) return {};
    hash.erase(0, 7);
  }
  const bool isHex =
      hash.size() == 64 && hash.find_first_not_of("0123456789abcdef") == std::string::npos;
  return isHex ? hash : std::string();
}

std::string decoded(const std::string& url) {
  std::string out;
  for (std::size_t i = 0; i < url.size(); ++i) {
    const auto digit = [&](std::size_t at) -> int {
      const char c = at < url.size() ? url[at] : 'x';
      if (c >= '0' && c <= '9') return c - '0';
      if (c >= 'a' && c <= 'f') return c - 'a' + 10;
      return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    };
    if (url[i] == '%' && digit(i + 1) >= 0 && digit(i + 2) >= 0) {
      out += static_cast<char>(digit(i + 1) * 16 + digit(i + 2));
      i += 2;
    } else {
      out += url[i];
    }
  }
  return out;
}

}  // namespace

Report parseReport(const std::string& json) {
  if (const std::string why = pw::whyTooMuchJson(json); !why.empty())
    pw::reject("pip's report " + why);
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  const Value* install = document.HasParseError() ? nullptr : member(&document, "install");
  if (!install || !install->IsArray())
    pw::fail("pip's report is not of a known form", json.substr(0, 2000));
  Report out;
  out.pipVersion = text(member(&document, "pip_version"));
  const Value* environment = member(&document, "environment");
  out.pythonVersion = text(member(environment, "python_full_version"));
  out.platform = text(member(environment, "implementation_name")) + " " +
                 text(member(environment, "sys_platform")) + " " +
                 text(member(environment, "platform_machine"));
  for (const auto& item : install->GetArray()) {
    const Value* from = member(&item, "download_info");
    const Value* vcs = member(from, "vcs_info");
    out.projects.push_back({normalised(text(member(member(&item, "metadata"), "name"))),
                            text(member(member(&item, "metadata"), "version")),
                            text(member(from, "url")), sha256Of(member(from, "archive_info")),
                            text(member(vcs, "vcs")), text(member(vcs, "commit_id")),
                            text(member(from, "subdirectory")), member(from, "dir_info") != nullptr,
                            texts(member(member(&item, "metadata"), "requires_dist"))});
    const auto& project = out.projects.back();
    if (project.name.empty() || project.url.empty())
      pw::fail("pip's report names a project without a name or URL");
  }
  std::sort(out.projects.begin(), out.projects.end(),
            [](const Project& a, const Project& b) { return a.name < b.name; });
  return out;
}

std::string pathOfFileUrl(const std::string& url) {
  for (const char* start : {"file:///", "file://localhost/"})
    if (url.starts_with(start))
      return decoded(
          "/" + url.substr(std::string(start).size(), url.find('#') - std::string(start).size()));
  return {};
}

std::string fileNameOfUrl(const std::string& url) {
  const std::string path = url.substr(0, url.find_first_of("?#"));
  std::string name = decoded(path.substr(path.rfind('/') + 1));
  std::replace(name.begin(), name.end(), '/', '_');
  return name == "." || name == ".." || name.empty() ? "archive" : name;
}

bool isWheel(const std::string& file) {
  return file.ends_with(".whl");
}

}  // namespace wheels
