#include "recipe.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

#include <planwright/glob.hpp>

#include "recipe_text.h"
#include "strict_yaml.h"
#include "units.h"

namespace recipe {
namespace {

constexpr std::size_t kListLimit = 10'000, kOutputLimit = 1'000;  // as in plan.schema.json
constexpr std::size_t kLongestPattern = 4096;
constexpr std::size_t kLongestPart = 255, kLongestPath = 3072;  // of what a file system takes
constexpr std::chrono::milliseconds kLongestTimeout = std::chrono::days(365);
/// Linux takes no longer word of a program, nor, of words and variables together, much more.
constexpr std::size_t kLongestWord = 128 * 1024 - 1, kLongestCommand = 1536 * 1024;

bool isId(const std::string& text) {
  return !text.empty() && text.size() <= 200 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                  c == '.' || c == '_' || c == '-';
         });
}

bool isDigest(const std::string& text) {
  return text.size() == 71 && text.starts_with("sha256:") &&
         text.find_first_not_of("0123456789abcdef", 7) == std::string::npos;
}

/// A relative path without "." or "..": it cannot leave the job's folder.
bool staysInside(const std::string& path) {
  if (path.empty() || path.front() == '/' || path.find('\0') != std::string::npos) return false;
  for (std::size_t from = 0; from <= path.size();) {
    const auto to = std::min(path.find('/', from), path.size());
    const std::string part = path.substr(from, to - from);
    if (part.empty() || part == "." || part == "..") return false;
    from = to + 1;
  }
  return true;
}

bool isTooLong(std::string_view path) {
  for (std::size_t from = 0; from < path.size();) {
    const auto to = std::min(path.find('/', from), path.size());
    if (to - from > kLongestPart) return true;
    from = to + 1;
  }
  return path.size() > kLongestPath;
}

/// Reads the values of one recipe.
class Reader {
 public:
  explicit Reader(const std::map<std::string, std::string>& variables) : variables_(variables) {}

  Job job(const YAML::Node& id, const YAML::Node& body) const {
    Job out;
    out.id = {id.Scalar(), id.Mark()};
    if (!isId(out.id.text))
      rejectAt(id.Mark(), "a job's name has 1 to 200 of A-Z a-z 0-9 . _ -; \"" + out.id.text +
                              "\" does not fit");
    if (!body.IsMap()) rejectAt(id.Mark(), "the job " + out.id.text + " needs at least a command");
    for (const auto& entry : body) member(out, entry.first, entry.second);
    checkSize(out);
    if (out.argv.empty() && out.script.empty())
      rejectAt(id.Mark(), "the job " + out.id.text + " has no command");
    return out;
  }

 private:
  void member(Job& job, const YAML::Node& key, const YAML::Node& value) const {
    const std::string& name = key.Scalar();
    if (name == "command")
      command(job, value);
    else if (name == "needs")
      needs(job, value);
    else if (name == "inputs")
      inputs(job, value);
    else if (name == "outputs")
      outputs(job, value);
    else if (name == "env")
      env(job, value);
    else if (name == "timeout")
      job.timeout = duration(value);
    else if (name == "resources")
      resources(job, value);
    else if (name == "cacheable")
      job.cacheable = flag(value);
    else
      rejectAt(
          key.Mark(),
          "unknown key \"" + name + "\" in the job " + job.id.text +
              "; known are command, needs, inputs, outputs, env, timeout, resources, cacheable");
  }

  void command(Job& job, const YAML::Node& value) const {
    if (value.IsSequence()) {
      for (const auto& word : value) job.argv.push_back(text(word, "a word of a command"));
      if (job.argv.empty()) rejectAt(value.Mark(), "the command is an empty list");
    } else {
      job.script = text(value, "a command");
      if (job.script.find_first_not_of(" \t\n") == std::string::npos)
        rejectAt(value.Mark(), "the command is empty");
    }
  }

  void needs(Job& job, const YAML::Node& value) const {
    for (const auto& need : list(value, "needs"))
      job.needs.push_back({text(need, "a need"), need.Mark()});
  }

  void inputs(Job& job, const YAML::Node& value) const {
    for (const auto& entry : map(value, "inputs")) {
      Input input{{substitute(entry.first.Scalar()), entry.first.Mark()}, {}, {}, {}};
      if (!staysInside(input.path.text))
        rejectAt(entry.first.Mark(),
                 "the input path \"" + input.path.text + "\" leaves the job's folder");
      if (isTooLong(input.path.text))
        rejectAt(entry.first.Mark(), "the input path " + input.path.text.substr(0, 100) +
                                         "... is too long: a file's name has at most 255 bytes, "
                                         "and its path 3072");
      if (entry.second.IsMap()) {
        for (const auto& part : entry.second) {
          if (part.first.Scalar() != "text")
            rejectAt(part.first.Mark(), "an input is <job>/<output>, sha256:<hex> or {text: ...}");
          input.text = text(part.second, "an input's text");
        }
        if (entry.second.size() == 0)
          rejectAt(entry.second.Mark(), "an input is <job>/<output>, sha256:<hex> or {text: ...}");
      } else {
        input.source = text(entry.second, "an input");
        const auto slash = input.source.find('/');
        if (input.source.size() > kLongestPattern)
          rejectAt(entry.second.Mark(), "an input is longer than 4096 bytes");
        if (!isDigest(input.source)) {
          if (slash == std::string::npos || !isId(input.source.substr(0, slash)) ||
              !staysInside(input.source.substr(slash + 1)))
            rejectAt(entry.second.Mark(),
                     "\"" + input.source + "\" is not <job>/<output>, sha256:<hex> or {text: ...}");
          input.fromJob = input.source.substr(0, slash);
        }
      }
      job.inputs.push_back(std::move(input));
    }
    checkTogether(job.inputs);
  }

  /// A program is given its words and variables whole.
  static void checkSize(const Job& job) {
    std::size_t all = 0;
    const auto check = [&](std::size_t bytes, const std::string& what) {
      if ((all += bytes) > kLongestCommand || bytes > kLongestWord)
        rejectAt(job.id.mark, what + " of the job " + job.id.text + " has " +
                                  std::to_string(bytes) + " bytes, and no program is given more " +
                                  "than 131071 at once or 1.5 MiB in all; put it into a file: " +
                                  "inputs: {NAME: {text: ...}}");
    };
    check(job.script.size(), "the command");
    for (const auto& word : job.argv) check(word.size(), "a word of the command");
    for (const auto& [name, value] : job.env)
      check(name.size() + 1 + value.size(), "the variable " + name.substr(0, 100));
  }

  /// Each path may be good by itself, and yet no folder can hold all of them.
  static void checkTogether(const std::vector<Input>& inputs) {
    std::set<std::string_view> files;
    for (const auto& input : inputs)
      if (!files.insert(input.path.text).second)
        rejectAt(input.path.mark, "the input " + input.path.text + " stands twice");
    for (const auto& input : inputs) {
      const std::string_view path = input.path.text;
      for (auto slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1))
        if (files.contains(path.substr(0, slash)))
          rejectAt(input.path.mark, "the input " + std::string(path.substr(0, slash)) +
                                        " is a file, so " + std::string(path) +
                                        " cannot be below it");
    }
  }

  void outputs(Job& job, const YAML::Node& value) const {
    for (const auto& glob : list(value, "outputs")) {
      job.outputs.push_back(text(glob, "an output"));
      if (job.outputs.back().ends_with('/'))
        rejectAt(glob.Mark(), "the output \"" + job.outputs.back() + "\" is a folder; write " +
                                  job.outputs.back() + "** for all files below it");
      if (!staysInside(job.outputs.back()))
        rejectAt(glob.Mark(), "the output \"" + job.outputs.back() + "\" leaves the job's folder");
      if (job.outputs.back().size() > kLongestPattern)
        rejectAt(glob.Mark(), "an output is longer than 4096 bytes");
      if (const std::string why = pw::whyNotGlob(job.outputs.back()); !why.empty())
        rejectAt(glob.Mark(), "the output " + why);
    }
    if (job.outputs.size() > kOutputLimit)
      rejectAt(value.Mark(), "outputs holds more than 1000 patterns; one may fit many files: **");
  }

  void env(Job& job, const YAML::Node& value) const {
    for (const auto& entry : map(value, "env")) {
      const std::string& name = entry.first.Scalar();
      if (name.empty() || name.find_first_of(std::string("=\0", 2)) != std::string::npos)
        rejectAt(entry.first.Mark(), "\"" + name + "\" cannot be the name of a variable");
      job.env.emplace_back(name, text(entry.second, "the value of " + name));
    }
  }

  void resources(Job& job, const YAML::Node& value) const {
    for (const auto& entry : map(value, "resources")) {
      const std::string& name = entry.first.Scalar();
      const std::string amount = text(entry.second, name);
      if (name == "cpus") {
        job.cpus = count(entry.second, name, 4096);
      } else if (name == "processes") {
        job.processes = count(entry.second, name, 4'194'304);
      } else if (name == "memory") {
        job.memoryBytes = parseSize(amount);
        if (!job.memoryBytes || *job.memoryBytes < 1)
          rejectAt(entry.second.Mark(), "memory is a size such as 512MiB, not \"" + amount + "\"");
      } else {
        rejectAt(entry.first.Mark(),
                 "unknown resource \"" + name + "\"; known are cpus, memory, processes");
      }
    }
  }

  std::int64_t count(const YAML::Node& value, const std::string& name, std::int64_t most) const {
    const std::string amount = text(value, name);
    std::int64_t number = 0;
    const auto read = std::from_chars(amount.data(), amount.data() + amount.size(), number);
    if (read.ec != std::errc() || read.ptr != amount.data() + amount.size() || number < 1 ||
        number > most)
      rejectAt(value.Mark(), name + " is a whole number from 1 to " + std::to_string(most) +
                                 ", not \"" + amount + "\"");
    return number;
  }

  std::chrono::milliseconds duration(const YAML::Node& value) const {
    const std::string said = text(value, "timeout");
    const auto limit = parseDuration(said);
    if (!limit || limit->count() < 1 || *limit > kLongestTimeout)
      rejectAt(value.Mark(),
               "timeout is a time such as 30s, 10min or 2h, at most 365d, not \"" + said + "\"");
    return *limit;
  }

  bool flag(const YAML::Node& value) const {
    const std::string said = text(value, "cacheable");
    if (said != "true" && said != "false")
      rejectAt(value.Mark(), "cacheable is true or false, not \"" + said + "\"");
    return said == "true";
  }

  std::string text(const YAML::Node& value, const std::string& what) const {
    if (!value.IsScalar())
      rejectAt(value.Mark(), what + (value.IsNull() ? " has no value" : " must be text"));
    if (value.Scalar().find('\0') != std::string::npos)
      rejectAt(value.Mark(), what + " holds a NUL byte");
    return substitute(value.Scalar());
  }
  static const YAML::Node& list(const YAML::Node& value, const char* what) {
    if (!value.IsSequence()) rejectAt(value.Mark(), std::string(what) + " is a list: [a, b]");
    if (value.size() > kListLimit)
      rejectAt(value.Mark(), std::string(what) + " holds more than 10000 items");
    return value;
  }
  static const YAML::Node& map(const YAML::Node& value, const char* what) {
    if (!value.IsMap()) rejectAt(value.Mark(), std::string(what) + " is a map: {name: value}");
    if (value.size() > kListLimit)
      rejectAt(value.Mark(), std::string(what) + " holds more than 10000 items");
    return value;
  }

  /// One pass: what a variable brings in is not looked at again.
  std::string substitute(const std::string& said) const {
    std::string out;
    for (std::size_t from = 0;;) {
      const auto open = said.find("${", from);
      const auto close = open == std::string::npos ? open : said.find('}', open);
      if (close == std::string::npos) return out + said.substr(from);
      const auto known = variables_.find(said.substr(open + 2, close - open - 2));
      out += said.substr(from, open - from);
      if (known != variables_.end())
        out += known->second;
      else
        out += said.substr(open, close + 1 - open);
      from = close + 1;
    }
  }

  const std::map<std::string, std::string>& variables_;
};

}  // namespace

std::vector<Job> readRecipe(const std::string& yaml,
                            const std::map<std::string, std::string>& variables) {
  const YAML::Node document = loadStrictYaml(readableText(yaml));
  if (!document.IsMap()) rejectAt(document.Mark(), "a recipe is a map with the key jobs");
  const Reader reader(variables);
  std::vector<Job> out;
  bool hasJobs = false;
  for (const auto& entry : document) {
    if (entry.first.Scalar() != "jobs")
      rejectAt(entry.first.Mark(),
               "unknown key \"" + entry.first.Scalar() + "\"; a recipe has jobs only");
    if (!entry.second.IsMap() || entry.second.size() == 0)
      rejectAt(entry.first.Mark(), "jobs is a map of at least one name to a job");
    hasJobs = true;
    for (const auto& job : entry.second) out.push_back(reader.job(job.first, job.second));
  }
  if (!hasJobs) rejectAt(document.Mark(), "the key jobs is missing");
  checkGraph(out);
  return out;
}

}  // namespace recipe
