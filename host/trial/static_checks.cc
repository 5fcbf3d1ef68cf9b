#include <algorithm>

#include <fmt/format.h>

#include "base/json.h"
#include "stages/elf_symbols.h"
#include "trial/check.h"
#include "trial/schema_lint.h"

namespace planwright {
namespace {

std::string joined(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 5;
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kMost; ++i) text += (i ? ", " : "") + names[i];
  return names.size() > kMost ? fmt::format("{} and {} more", text, names.size() - kMost) : text;
}

CheckOutcome manifestReadable(const CheckSubject& subject) {
  const auto section = manifestSection(subject.bytes);
  if (!section) return CheckOutcome::failed(section.error().message);
  auto document = parseJson(*section);
  if (document && document->IsObject()) document->RemoveMember("settings");  // the next check's
  const auto manifest = ManifestReader().parse(document ? toJson(*document) : *section);
  return manifest ? CheckOutcome::passed() : CheckOutcome::failed(manifest.error().message);
}

CheckOutcome settingsSchema(const CheckSubject& subject) {
  const auto section = manifestSection(subject.bytes);
  const auto document = parseJson(section ? *section : subject.manifest.json);  // of a program
  const auto* settings = find(*document, "settings");
  if (!settings) return CheckOutcome::passed();
  std::string text;
  for (const auto& remark : lintSchema(toJson(*settings)))
    text +=
        fmt::format("{}/settings{}: {}", text.empty() ? "" : "; ", remark.pointer, remark.message);
  return text.empty() ? CheckOutcome::passed() : CheckOutcome::failed(text + ".");
}

CheckOutcome exportsOneSymbol(const CheckSubject& subject) {
  const auto facts = elfFacts(subject.bytes);
  if (!facts) return CheckOutcome::failed(facts.error().message);
  auto others = facts->exported;
  std::erase(others, "planwright_module");
  if (others.size() == facts->exported.size())
    return CheckOutcome::failed("It does not export planwright_module.");
  if (others.empty()) return CheckOutcome::passed();
  return CheckOutcome::failed(fmt::format(
      "It exports {} besides planwright_module: other plugins may bind to that.", joined(others)));
}

CheckOutcome noUniqueSymbols(const CheckSubject& subject) {
  const auto facts = elfFacts(subject.bytes);
  if (!facts || facts->unique.empty()) return CheckOutcome::passed();
  return CheckOutcome::failed(fmt::format(
      "{} is unique in the process: a second version would use the first one's, and no version "
      "can be unloaded.",
      joined(facts->unique)));
}

CheckOutcome noTextRelocations(const CheckSubject& subject) {
  const auto facts = elfFacts(subject.bytes);
  return facts && facts->hasTextRelocations
             ? CheckOutcome::failed("Its code is changed when it is loaded (DT_TEXTREL).")
             : CheckOutcome::passed();
}

CheckOutcome noNoDelete(const CheckSubject& subject) {
  const auto facts = elfFacts(subject.bytes);
  return facts && facts->isNoDelete
             ? CheckOutcome::failed("It is linked as never to be unloaded (DF_1_NODELETE).")
             : CheckOutcome::passed();
}

constexpr const char* kBuildIt = "Build it with planwright_add_plugin(), which sees to that.";

}  // namespace

std::vector<Check> staticChecks() {
  return {
      {"static", "manifest", manifestReadable,
       "Mend plugin.json; schema/manifest.schema.json of the SDK has every member.", true, false},
      {"static", "settings-schema", settingsSchema,
       "Mend \"settings\" in plugin.json; sdk/README.md says what a schema may hold.", false,
       false},
      {"static", "exports-one-symbol", exportsOneSymbol, kBuildIt, false, false},
      {"static", "no-unique-symbols", noUniqueSymbols, kBuildIt, false, false},
      {"static", "no-text-relocations", noTextRelocations, "Compile it with -fPIC.", false, false},
      {"static", "no-nodelete", noNoDelete, "Link it without -z nodelete.", false, false},
  };
}

}  // namespace planwright
