#include "answers.h"

#include <algorithm>
#include <utility>

#include "planwright/sha256.hpp"

#include "helpers.h"
#include "surroundings.h"

namespace wheels {
namespace {

constexpr const char* kAnswer = "answer";

/// The lines that count, in their order, which pip's resolver goes by.
std::string withoutSpace(const std::string& text) {
  std::string out;
  for (const char c : text)
    if (c != '\n' || (!out.empty() && out.back() != '\n')) out += c;
  return out;
}

/// Each part by its own digest, so that none can be taken for a piece of another.
void add(std::string& key, std::string_view part) {
  key += pw::sha256(part) + "\n";
}

}  // namespace

std::optional<std::string> Answers::find(const pw::Program& question, std::optional<Open>& open) {
  const auto reads = [](const auto& file) { return asksOnlyForProjects(file.second.text); };
  if (!std::all_of(question.files.begin(), question.files.end(), reads)) return std::nullopt;
  auto places = stateOfPlaces(options_);
  if (!places || python_.state().empty()) return std::nullopt;
  std::string key = "2\n";  // another form of what is kept: another number
  add(key, kAskPip);
  add(key, *places);
  add(key, python_.state());
  for (const auto& word : question.argv) {
    // The name of a file is only shown. Its text, behind its -r or -c, is what pip reads.
    const auto file = question.files.find(word);
    add(key, file == question.files.end() ? word : withoutSpace(file->second.text));
  }
  for (const auto& [name, value] : question.env) add(key, name + "=" + value);
  keys_.push_back(key);
  if (auto kept = memory_.find(kAnswer, key)) return kept;
  open = Open{std::move(key), std::move(*places)};
  return std::nullopt;
}

void Answers::keep(const Open& open, const std::string& answer) {
  // What changed meanwhile may be in the answer or not.
  if (stateOfPlaces(options_) == open.places && python_.isUnchanged())
    memory_.keep(kAnswer, open.key, answer);
}

void Answers::forget() const {
  for (const auto& key : keys_) memory_.forget(kAnswer, key);
}

}  // namespace wheels
