#include "pip_error.h"

#include <string_view>
#include <vector>

namespace wheels {
namespace {

std::string_view trim(std::string_view line) {
  const auto from = line.find_first_not_of(" \t\r");
  if (from == std::string_view::npos) return {};
  return line.substr(from, line.find_last_not_of(" \t\r") + 1 - from);
}

std::vector<std::string_view> linesOf(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// The text of the first "ERROR: ..." line. Newer pips (25.1) show the place of a mistake below it,
/// in indented lines, and name the line of the file last.
std::string firstError(const std::vector<std::string_view>& lines) {
  std::string error;
  for (const auto line : lines) {
    if (error.empty()) {
      if (line.starts_with("ERROR: ")) error = trim(line.substr(7));
      continue;
    }
    if (!line.starts_with("  ")) break;
    if (const auto at = line.find(" (from line "); at != line.npos) return error += line.substr(at);
  }
  return error;
}

/// A build back end's output stands in a box that ends with "[end of output]". Its last "error:"
/// line says most; else its very last line, as Python tracebacks do.
std::string subprocessError(const std::vector<std::string_view>& lines) {
  std::string what, last, error;
  for (const auto raw : lines) {
    const auto line = trim(raw);
    if (line == "[end of output]") break;
    if (line.starts_with("\u00d7 ") && what.empty())
      what = trim(line.substr(sizeof("\u00d7")));
    else if (!what.empty() && !line.empty())
      last = line;
    if (!what.empty() && (line.starts_with("error:") || line.starts_with("fatal:"))) error = line;
  }
  if (what.empty()) return {};
  if (what.ends_with('.')) what.pop_back();
  return what + ": " + (error.empty() ? last : error);
}

/// The project pip worked on last: "Processing ./x-1.0.tar.gz" or "Collecting x==1.0", each perhaps
/// with " (from -r requirements.txt (line 1))".
std::string lastProject(const std::vector<std::string_view>& lines) {
  std::string_view last;
  for (const auto line : lines) {
    if (!line.starts_with("Processing ") && !line.starts_with("Collecting ")) continue;
    last = trim(line.substr(0, line.find(" (")).substr(11));
    if (line.starts_with("Processing ")) last.remove_prefix(last.rfind('/') + 1);  // npos + 1 is 0
  }
  return std::string(last);
}

/// "The user requested idna==3.3; conf 1.0 depends on idna<3"
std::string conflict(const std::vector<std::string_view>& lines) {
  std::string out;
  bool inside = false;
  for (const auto line : lines) {
    if (inside && trim(line).empty()) break;
    if (inside) out += (out.empty() ? "" : "; ") + std::string(trim(line));
    if (line.starts_with("The conflict is caused by")) inside = true;
  }
  return out;
}

/// pip lists, below a long preamble: "idna==3.3 from file:///... (from -r x (line 1)):", "Expected
/// sha256 0000", "Got abcd".
std::string wrongHash(const std::vector<std::string_view>& lines) {
  std::string project, expected;
  for (const auto raw : lines) {
    const auto line = trim(raw);
    if (line.starts_with("Expected ") || line.starts_with("Expected:")) {
      expected += (expected.empty() ? "" : " or ") + std::string(trim(line.substr(9)));
    } else if (line.starts_with("or ") && !expected.empty()) {
      expected += " " + std::string(line);
    } else if (line.starts_with("Got ") && !expected.empty()) {
      return project + " does not have the hash that the file demands: expected " + expected +
             ", got " + std::string(trim(line.substr(4)));
    } else if (line.ends_with(':')) {
      project = line.substr(0, line.find(' '));
    }
  }
  return {};
}

/// With one --hash in a file pip demands one of every requirement, and lists those without.
std::string missingHashes(const std::vector<std::string_view>& lines) {
  std::string out;
  for (const auto raw : lines)
    if (const auto at = raw.find(" --hash="); at != std::string_view::npos && raw.starts_with("  "))
      out += (out.empty() ? "" : ", ") + std::string(trim(raw.substr(0, at)));
  if (out.empty()) return {};
  return "a requirement with --hash demands one of all, also of what they need; without: " + out;
}

/// What the rules above make of an "ERROR: ..." that is no sentence.
std::string hashError(const std::string& message, const std::vector<std::string_view>& lines) {
  if (contains(message, "DO NOT MATCH THE HASHES")) return wrongHash(lines);
  if (contains(message, "--require-hashes mode")) return missingHashes(lines);
  return {};
}

}  // namespace

PipError explainPipError(const std::string& out, const std::string& err) {
  if (contains(err, "No module named pip"))
    return {PipError::Kind::Setup, "this Python has no pip; set python to one that has"};
  if (contains(err, "no such option: --report") || contains(err, "no such option: --dry-run"))
    return {PipError::Kind::Setup, "this Python's pip is too old; 22.2 or newer is needed"};
  const auto errLines = linesOf(err);
  const auto outLines = linesOf(out);
  std::string message = subprocessError(errLines);
  if (!message.empty()) {
    if (const auto project = lastProject(outLines); !project.empty())
      message += " (" + project + ")";
  } else {
    message = firstError(errLines);
    if (const auto hash = hashError(message, errLines); !hash.empty()) message = hash;
    if (const auto why = conflict(outLines); !why.empty()) message += " " + why;
  }
  if (message.empty())
    message = errLines.empty() ? "it gave no reason" : std::string(trim(errLines.back()));
  const bool noIndex =
      contains(err, "connection broken by") && contains(message, "(from versions: none)");
  const bool noRepository =
      contains(message, "Could not resolve host") || contains(message, "Failed to connect");
  return {noIndex || noRepository ? PipError::Kind::Network : PipError::Kind::Refused,
          noIndex ? "pip could not reach the package index: " + message : "pip: " + message};
}

}  // namespace wheels
