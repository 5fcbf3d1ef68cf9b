#include "answers.h"

#include <algorithm>
#include <utility>

#include "planwright/sha256.hpp"

#include "pip.h"
#include "surroundings.h"

namespace wheels {
namespace {

/// Prints the program and the folders of this Python.
constexpr const char* kPrintFolders =
    "import os, sys\n"
    "print('\\n'.join([os.path.realpath(sys.executable)] + [p for p in sys.path if p[:1] == '/']))";

/// The lines that count, in their order, which pip's resolver goes by.
std::string withoutSpace(const std::string& text) {
  std::string out;
  for (const char c : text)
    if (c != '\n' || (!out.empty() && out.back() != '\n')) out += c;
  return out;
}

std::vector<std::string> rowsOf(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// Each part by its own digest, so that none can be taken for a piece of another.
void add(std::string& key, std::string_view part) {
  key += pw::sha256(part) + "\n";
}

}  // namespace

std::optional<std::string> Answers::find(const pw::Program& question) {
  asked_.reset();
  const auto reads = [](const auto& file) { return asksOnlyForProjects(file.second.text); };
  if (!std::all_of(question.files.begin(), question.files.end(), reads)) return std::nullopt;
  auto places = stateOfPlaces(options_);
  if (!places) return std::nullopt;
  std::string& key = keys_.emplace_back("1\n");  // another form of what is kept: another number
  add(key, *places);
  for (const auto& word : question.argv)
    if (!question.files.contains(word)) add(key, word);  // the name of a file is only shown
  for (const auto& [name, value] : question.env) add(key, name + "=" + value);
  for (const auto& [name, file] : question.files) add(key, withoutSpace(file.text));

  // Its lines: the folders of the Python, the digest of their state, an empty one, the answer.
  if (const auto kept = memory_.find(kKind, key)) {
    const auto lines = rowsOf(std::string_view(*kept).substr(0, kept->find("\n\n")));
    const std::vector<std::string> folders(lines.begin(),
                                           lines.empty() ? lines.end() : lines.end() - 1);
    if (!lines.empty() && lines.back() == pw::sha256(stateOfPython(python_, folders)))
      return kept->substr(kept->find("\n\n") + 2);
  }
  auto folders = foldersOfPython();
  if (folders.empty()) return std::nullopt;
  std::string python = stateOfPython(python_, folders);
  asked_ = {std::move(*places), std::move(folders), std::move(python)};
  return std::nullopt;
}

void Answers::keep(const std::string& answer) {
  if (!asked_) return;
  const auto asked = std::exchange(asked_, std::nullopt);
  // What changed meanwhile may be in the answer or not.
  if (stateOfPlaces(options_) != asked->places ||
      stateOfPython(python_, asked->folders) != asked->python)
    return;
  std::string text;
  for (const auto& folder : asked->folders) text += folder + "\n";
  memory_.keep(kKind, keys_.back(), text + pw::sha256(asked->python) + "\n\n" + answer);
}

std::vector<std::string> Answers::foldersOfPython() {
  pw::Program program;
  program.argv = {python_, "-c", kPrintFolders};
  for (const auto& [name, value] : Pip::environment()) program.env[name] = value;
  program.capture = true;
  program.network = false;
  program.readable = readableFor(options_, python_);
  const pw::ProgramResult result = call_.exec(program);
  return result.ok() ? rowsOf(result.output) : std::vector<std::string>{};  // pip will say why
}

}  // namespace wheels
