#include "control/simple_pages.h"

#include <set>

#include <fmt/format.h>

#include "base/json.h"
#include "base/percent_encoding.h"

namespace planwright {
namespace {

std::string_view hexOf(std::string_view digest) {
  return digest.substr(digest.find(':') + 1);
}

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    if (c == '&')
      html += "&amp;";
    else if (c == '<')
      html += "&lt;";
    else if (c == '>')
      html += "&gt;";
    else if (c == '"')
      html += "&quot;";
    else
      html += c;
  }
  return html;
}

std::string htmlPage(std::string_view title, std::string_view links) {
  return fmt::format(
      "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"pypi:repository-version\" content=\"1.0\">\n<title>{0}</title>\n</head>\n"
      "<body>\n<h1>{0}</h1>\n{1}</body>\n</html>\n",
      escaped(title), links);
}

std::string addressOf(const IndexedWheel& wheel) {
  return fmt::format("{}/{}", hexOf(wheel.digest), percentEncoded(wheel.file));
}

JsonWriter& beginPage(JsonWriter& json) {
  json.object().key("meta").object().member("api-version", "1.1").end();
  return json;
}

std::string fileLink(const IndexedWheel& wheel, const WheelFacts& facts) {
  std::string attributes;
  if (!facts.requiresPython.empty())
    attributes += fmt::format(" data-requires-python=\"{}\"", escaped(facts.requiresPython));
  // PEP 714: new installers read the first, those before it the second.
  if (!facts.metadataDigest.empty())
    attributes +=
        fmt::format(" data-core-metadata=\"sha256={0}\" data-dist-info-metadata=\"sha256={0}\"",
                    hexOf(facts.metadataDigest));
  return fmt::format("<a href=\"{}#sha256={}\"{}>{}</a><br>\n", addressOf(wheel),
                     hexOf(wheel.digest), attributes, escaped(wheel.file));
}

void writeFile(JsonWriter& json, const IndexedWheel& wheel, const WheelFacts& facts) {
  json.object().member("filename", wheel.file).member("url", addressOf(wheel));
  json.key("hashes").object().member("sha256", hexOf(wheel.digest)).end();
  json.member("size", wheel.sizeBytes);
  if (!facts.requiresPython.empty()) json.member("requires-python", facts.requiresPython);
  // Not "dist-info-metadata": pip 22.3 to 23.1 ends with an error when a page has it (PEP 714).
  if (!facts.metadataDigest.empty())
    for (const char* name : {"core-metadata", "data-dist-info-metadata"})
      json.key(name).object().member("sha256", hexOf(facts.metadataDigest)).end();
  json.end();
}

}  // namespace

std::string projectList(std::string_view address, const WheelSet& wheels, IndexForm form) {
  if (form == IndexForm::Html) {
    std::string links;
    for (const auto& [project, unused] : wheels)
      links += fmt::format("<a href=\"{0}/\">{0}</a><br>\n", project);
    return htmlPage(fmt::format("Index of {}", address), links);
  }
  JsonWriter json;
  beginPage(json).key("projects").array();
  for (const auto& [project, unused] : wheels) json.object().member("name", project).end();
  return json.end().end().take();
}

std::string projectPage(std::string_view project, const std::vector<IndexedWheel>& wheels,
                        const std::vector<WheelFacts>& facts, IndexForm form) {
  if (form == IndexForm::Html) {
    std::string links;
    for (std::size_t i = 0; i < wheels.size(); ++i) links += fileLink(wheels[i], facts[i]);
    return htmlPage(fmt::format("Links for {}", project), links);
  }
  std::set<std::string_view> versions;
  for (const auto& wheel : wheels) versions.insert(wheel.name.version);
  JsonWriter json;
  beginPage(json).member("name", project).key("versions").array();
  for (const auto version : versions) json.value(version);
  json.end().key("files").array();
  for (std::size_t i = 0; i < wheels.size(); ++i) writeFile(json, wheels[i], facts[i]);
  return json.end().end().take();
}

}  // namespace planwright
