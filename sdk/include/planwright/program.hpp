// planwright/program.hpp - a program that a stage asks the host to run (planwright.exec/1 in
// plugin.h).
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <planwright/errors.hpp>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace pw {

/// What to run; the fields are those of planwright.exec/1, which documents them.
struct Program {
  struct File {
    std::string digest;  ///< "sha256:..." of a blob, or empty:
    std::string text;    ///< the bytes themselves (UTF-8)
  };
  struct Limits {  ///< 0 = none
    std::uint64_t memoryBytes = 0, cpuSeconds = 0, fileBytes = 0, openFiles = 0, processes = 0,
                  diskBytes = 0;
  };

  std::vector<std::string> argv = {};
  std::map<std::string, std::string> env = {};
  std::string cwd = {};  ///< empty = a fresh private folder
  std::map<std::string, File> files = {};
  std::chrono::milliseconds timeout{0};
  std::chrono::milliseconds grace{2000};
  bool capture = false;
  bool network = true;
  bool hostNetwork = false;                ///< with network: the machine's own. For builders
  std::string sandbox = "none";            ///< auto, require, none
  std::vector<std::string> readable = {};  ///< absolute paths, seen besides the system
  std::string user = {};
  Limits limits = {};

  std::string json() const {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> out(buffer);
    const auto text = [&](const std::string& s) {
      out.String(s.data(), static_cast<rapidjson::SizeType>(s.size()));
    };
    const auto key = [&](const std::string& s) {
      out.Key(s.data(), static_cast<rapidjson::SizeType>(s.size()));
    };
    out.StartObject();
    out.Key("argv"), out.StartArray();
    for (const auto& word : argv) text(word);
    out.EndArray();
    out.Key("env"), out.StartObject();
    for (const auto& [name, value] : env) key(name), text(value);
    out.EndObject();
    if (!cwd.empty()) out.Key("cwd"), text(cwd);
    out.Key("files"), out.StartObject();
    for (const auto& [path, file] : files) {
      key(path);
      if (!file.digest.empty())
        text(file.digest);
      else
        out.StartObject(), out.Key("text"), text(file.text), out.EndObject();
    }
    out.EndObject();
    out.Key("timeout_ms"), out.Int64(timeout.count());
    out.Key("grace_ms"), out.Int64(grace.count());
    out.Key("capture"), out.Bool(capture);
    out.Key("network");
    if (network && hostNetwork)
      text("host");
    else
      out.Bool(network);
    out.Key("sandbox"), text(sandbox);
    out.Key("readable"), out.StartArray();
    for (const auto& path : readable) text(path);
    out.EndArray();
    if (!user.empty()) out.Key("user"), text(user);
    out.Key("limits"), out.StartObject();
    out.Key("memory_bytes"), out.Uint64(limits.memoryBytes);
    out.Key("cpu_seconds"), out.Uint64(limits.cpuSeconds);
    out.Key("file_bytes"), out.Uint64(limits.fileBytes);
    out.Key("open_files"), out.Uint64(limits.openFiles);
    out.Key("processes"), out.Uint64(limits.processes);
    out.Key("disk_bytes"), out.Uint64(limits.diskBytes);
    out.EndObject();
    out.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
  }
};

/// How it ended; see planwright.exec/1.
struct ProgramResult {
  int exit = -1;
  int signal = 0;
  std::string outcome;  ///< ok, failed, limit, timeout, cancelled, not_started, refused
  std::string output;   ///< stdout, if captured
  std::string tail;     ///< the end of the other output
  std::string error;    ///< why it was not started, or which limit it broke
  std::int64_t ranMs = 0;
  std::int64_t peakMemoryBytes = 0;
  std::string sandbox = {};    ///< the level it ran at; empty = it asked for none
  bool networkSealed = false;  ///< it could reach no network
  std::string network = {};    ///< none, outgoing (other machines only) or host

  bool ok() const { return outcome == "ok"; }
  /// "exited with 2", "was killed by signal 9", ...: the end of a sentence that begins with its
  /// name.
  std::string how() const {
    if (outcome == "ok") return "succeeded";
    if (outcome == "timeout") return "ran out of time";
    if (outcome == "cancelled") return "was stopped";
    if (outcome == "limit") return "broke a limit: " + error;
    if (outcome == "not_started" || outcome == "refused") return "could not be started: " + error;
    if (signal) return "was killed by signal " + std::to_string(signal);
    return "exited with " + std::to_string(exit);
  }

  static ProgramResult parse(std::string_view json) {
    rapidjson::Document document;
    document.Parse(json.data(), json.size());
    if (document.HasParseError() || !document.IsObject())
      fail("the host's exec result is not JSON");
    const auto number = [&](const char* name, std::int64_t fallback) {
      const auto at = document.FindMember(name);
      return at != document.MemberEnd() && at->value.IsInt64() ? at->value.GetInt64() : fallback;
    };
    const auto text = [&](const char* name) {
      const auto at = document.FindMember(name);
      return at != document.MemberEnd() && at->value.IsString()
                 ? std::string(at->value.GetString(), at->value.GetStringLength())
                 : std::string();
    };
    const auto sealed = document.FindMember("network_sealed");
    return {static_cast<int>(number("exit", -1)),
            static_cast<int>(number("signal", 0)),
            text("outcome"),
            text("stdout"),
            text("tail"),
            text("error"),
            number("ran_ms", 0),
            number("peak_memory_bytes", 0),
            text("sandbox"),
            sealed != document.MemberEnd() && sealed->value.IsTrue(),
            text("network")};
  }
};

}  // namespace pw
