#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// What a job's spec asks for: {"command": "text for sh" | ["program", "argument", ...], "env":
/// {"NAME": "text"}}. Other members are the planner's own business.
struct Command {
  std::vector<std::string> argv;  ///< a text runs as sh -eu -c
  std::map<std::string, std::string> env;

  /// Throws pw::Stop (rejected) with what is wrong.
  static Command parse(std::string_view specJson);
};

/// The last line of a program's output that says something, cut to a length fit for a sentence. May
/// be empty.
std::string lastLine(std::string_view output);

/// "exited with 7" or "was ended by signal 9 (SIGKILL)".
std::string howItEnded(int exitCode, int signal);
