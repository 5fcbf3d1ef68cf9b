#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// What a job's spec asks for: {"command": "text for sh" | ["program", "argument", ...], "env":
/// {"NAME": "text"}, "network": true}. Other members are the planner's own business.
struct Command {
  std::vector<std::string> argv;  ///< a text runs as sh -eu -c
  std::map<std::string, std::string> env;
  bool network = false;  ///< it needs one

  /// Throws pw::Stop (rejected) with what is wrong.
  static Command parse(std::string_view specJson);
};

/// Why a program failed, by its output, fit for the end of a sentence: ": " and the first line that
/// names an error (compilers and build tools go on talking after it; with the next line if it ends
/// with a colon), else " (last line: ...)" with the last line that says something. Empty if there
/// is none.
std::string reasonIn(std::string_view output);

/// "exited with 7" or "was ended by signal 9 (SIGKILL)".
std::string howItEnded(int exitCode, int signal);
