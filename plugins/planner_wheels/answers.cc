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

Answers::Asked Answers::find(const pw::Program& question, bool isShared) {
  Asked asked;
  const auto reads = [](const auto& file) { return asksOnlyForProjects(file.second.text); };
  if (!std::all_of(question.files.begin(), question.files.end(), reads)) return asked;
  auto places = stateOfPlaces(options_);
  if (!places || python_.state().empty()) return asked;
  asked.places = std::move(*places);
  asked.key = "3\n";  // another form of what is kept: another number
  for (const auto text :
       {kAskPip, kGuessArchives, kMakeMetadata, kBuildWheel, std::string_view(asked.places)})
    add(asked.key, text);
  add(asked.key, python_.state());
  for (const auto& word : question.argv) {
    // The name of a file is only shown. Its text, behind its -r or -c, is what pip reads.
    const auto file = question.files.find(word);
    add(asked.key, file == question.files.end() ? word : withoutSpace(file->second.text));
  }
  for (const auto& [name, value] : question.env) add(asked.key, name + "=" + value);
  keys_.push_back(asked.key);
  asked.answer = memory_.find(kAnswer, asked.key);
  if (asked.answer || !isShared) return asked;
  asked.turn.emplace(memory_.turn(kAnswer, asked.key, call_));
  asked.answer = memory_.find(kAnswer, asked.key);
  return asked;
}

void Answers::keep(const Asked& asked, const std::string& answer) {
  // What changed meanwhile may be in the answer or not.
  if (!asked.key.empty() && stateOfPlaces(options_) == asked.places && python_.isUnchanged())
    memory_.keep(kAnswer, asked.key, answer);
}

void Answers::forget() const {
  for (const auto& key : keys_) memory_.forget(kAnswer, key);
}

}  // namespace wheels
