#include "command.h"

#include <algorithm>
#include <cstring>

#include <planwright/errors.hpp>
#include <rapidjson/document.h>

namespace {

std::string textOf(const rapidjson::Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

std::vector<std::string> argvOf(const rapidjson::Value& command) {
  if (command.IsString()) {
    if (command.GetStringLength() == 0) pw::reject("the job's command is empty");
    return {"/bin/sh", "-eu", "-c", textOf(command)};
  }
  if (!command.IsArray() || command.Empty())
    pw::reject("the job's command is neither a text nor a list of words");
  std::vector<std::string> argv;
  for (const auto& word : command.GetArray()) {
    if (!word.IsString()) pw::reject("the job's command holds a word that is not a text");
    argv.push_back(textOf(word));
  }
  if (argv.front().empty()) pw::reject("the job's command names no program");
  return argv;
}

std::map<std::string, std::string> envOf(const rapidjson::Value& env) {
  if (!env.IsObject()) pw::reject("the job's env is not an object of texts");
  std::map<std::string, std::string> out;
  for (const auto& member : env.GetObject()) {
    const std::string name = textOf(member.name);
    if (!member.value.IsString()) pw::reject("the job's env." + name + " is not a text");
    if (name.empty() || name.find('=') != std::string::npos)
      pw::reject("\"" + name + "\" is no name for an environment variable");
    out[name] = textOf(member.value);
  }
  return out;
}

std::string_view trimmed(std::string_view line) {
  constexpr std::string_view kBlank = " \t";
  const std::size_t from = line.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return line.substr(from, line.find_last_not_of(kBlank) + 1 - from);
}

/// Behind the code that may follow the word: "[E0308]" of rustc, " TS2304" of tsc.
std::string_view behindCode(std::string_view rest) {
  constexpr std::string_view kCode = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  if (rest.starts_with('[') && rest.find(']') != rest.npos) return rest.substr(rest.find(']') + 1);
  const auto end = std::min(rest.find_first_not_of(kCode, 1), rest.size());
  const bool isCode =
      rest.starts_with(' ') && end > 2 && rest[end - 1] >= '0' && rest[end - 1] <= '9';
  return isCode ? rest.substr(end) : rest;
}

/// "error: x", "SyntaxError: x", "error[E0308]: x", and "ERROR:" at the end of a line.
bool saysError(std::string_view line) {
  for (const std::string_view word : {"error", "Error", "ERROR"})
    for (auto at = line.find(word); at != line.npos; at = line.find(word, at + 1)) {
      const std::string_view rest = behindCode(line.substr(at + word.size()));
      if (rest == ":" || rest.starts_with(": ")) return true;
    }
  return false;
}

/// What tools say in ways of their own: npm, make, CMake, git.
bool saysErrorInItsWay(std::string_view line) {
  return line.starts_with("npm error ") || line.starts_with("npm ERR! ") ||
         (line.starts_with("make") && line.find(": *** ") != line.npos) ||
         line.starts_with("CMake Error ") || line.starts_with("fatal: ");
}

/// "x.c:1:10: fatal error: ...", "ERROR: ...". What only says that something failed does not count.
bool namesAnError(std::string_view line) {
  for (const char* empty : {"subprocess-exited-with-error", "metadata-generation-failed",
                            "Failed building wheel", "Failed to build"})
    if (line.find(empty) != std::string_view::npos) return false;
  return saysError(line) || saysErrorInItsWay(line);
}

std::string shortened(std::string_view line) {
  constexpr std::size_t kLongest = 200;
  if (line.size() <= kLongest) return std::string(line);
  std::size_t cut = kLongest;
  while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xC0) == 0x80)
    --cut;  // whole characters
  return std::string(line.substr(0, cut)) + "...";
}

}  // namespace

Command Command::parse(std::string_view specJson) {
  rapidjson::Document spec;
  spec.Parse(specJson.data(), specJson.size());
  if (spec.HasParseError() || !spec.IsObject()) pw::reject("the job's spec is not a JSON object");
  const auto command = spec.FindMember("command");
  if (command == spec.MemberEnd()) pw::reject("the job's spec has no command");
  Command out;
  out.argv = argvOf(command->value);
  if (const auto env = spec.FindMember("env"); env != spec.MemberEnd()) out.env = envOf(env->value);
  if (const auto network = spec.FindMember("network"); network != spec.MemberEnd())
    out.network = network->value.IsTrue();
  return out;
}

std::string reasonIn(std::string_view output) {
  std::string_view last, heading;
  while (!output.empty()) {
    const std::size_t end = std::min(output.find_first_of("\r\n"), output.size());
    const std::string_view line = trimmed(output.substr(0, end));
    if (!heading.empty() && !line.empty())
      return ": " + shortened(std::string(heading) + " " + std::string(line));
    if (namesAnError(line)) {
      if (!line.ends_with(':')) return ": " + shortened(line);
      heading = line;  // what it is stands below
    }
    if (!line.empty()) last = line;
    output.remove_prefix(std::min(end + 1, output.size()));
  }
  if (!heading.empty()) return ": " + shortened(heading);
  return last.empty() ? std::string() : " (last line: " + shortened(last) + ")";
}

std::string howItEnded(int exitCode, int signal) {
  if (signal == 0) return "exited with " + std::to_string(exitCode);
  const char* name = ::sigabbrev_np(signal);
  return "was ended by signal " + std::to_string(signal) +
         (name != nullptr ? " (SIG" + std::string(name) + ")" : "");
}
