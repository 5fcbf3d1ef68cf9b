// Another engine, as a builder in front of one sees it: a folder that knows which jobs it was
// given, whether a host runs or not. The first word of a job's command says how it goes; files in
// the folder say what is broken now:
//   hold    submit keeps the job and does not answer
//   lose    submit keeps the job and fails; the file goes with it
//   away    observe fails
//   busy    no job ends
//   stuck   withdraw fails
//   patient withdraw waits until it is asked to stop
//   slow    it does not start
// It notes what it did, a line each: starts (itself), started (a job), asked (to withdraw one),
// withdrawn, looked.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include <rapidjson/document.h>

#include "planwright/plugin.hpp"

namespace {

namespace fs = std::filesystem;

std::string readText(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Engine {
 public:
  explicit Engine(const pw::Settings& settings) : folder_(settings.text("folder")) {
    fs::create_directories(folder_ / "jobs");
    note("starts", "");
    while (fs::exists(folder_ / "slow")) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }

  std::string submit(const pw::Job& job, pw::Call& call) {
    const std::string how = firstWord(job.specJson());
    if (how == "refuse") pw::reject("there is no such machine");
    const fs::path place = folder_ / "jobs" / std::string(job.token());
    if (!fs::exists(place)) {
      note("started", std::string(job.id()) + " " + std::string(job.token()));
      fs::create_directory(place);
      std::ofstream(place / "id") << job.id();
      std::ofstream(place / "how") << how;
      std::ofstream(place / "workdir") << job.workdir();
    }
    while (fs::exists(folder_ / "hold")) call.sleep(std::chrono::milliseconds(10));
    if (fs::remove(folder_ / "lose")) pw::retry("the answer was lost");
    return "engine:" + std::string(job.token());
  }

  void observe(pw::Observation& observation, pw::Call& call) {
    observation.next(std::chrono::milliseconds(50));
    note("looked", std::to_string(observation.handles().size()));
    if (fs::exists(folder_ / "away")) pw::retry("the engine is away");
    for (const auto& handle : observation.handles()) look(handle, observation, call);
  }

  void withdraw(std::string_view name, pw::Call& call) {
    if (fs::exists(folder_ / "stuck")) pw::retry("the engine does not answer");
    note("asked", std::string(name));
    while (fs::exists(folder_ / "patient") && !call.cancelled())
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    note("withdrawn", std::string(name));
    fs::remove_all(folder_ / "jobs" / tokenOf(name));
  }

 private:
  static std::string firstWord(std::string_view specJson) {
    rapidjson::Document spec;
    spec.Parse(specJson.data(), specJson.size());
    return spec["command"][0].GetString();
  }
  static std::string tokenOf(std::string_view name) {
    constexpr std::string_view kPrefix = "engine:";
    return std::string(name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name);
  }
  void note(const char* what, const std::string& line) {
    std::ofstream(folder_ / what, std::ios::app) << line + "\n";
  }

  void look(const std::string& handle, pw::Observation& observation, pw::Call& call) {
    const fs::path place = folder_ / "jobs" / tokenOf(handle);
    if (!fs::exists(place)) return observation.lost(handle, "It is not in the list.");
    const std::string how = readText(place / "how");
    if (how == "hang" || fs::exists(folder_ / "busy"))
      return observation.running(handle, "running on node 7");
    if (how == "fail") return observation.failed(handle, "the disk of node 7 is full", 3);
    const fs::path lostBefore = folder_ / ("lost-" + readText(place / "id"));
    if (how == "vanish" && !fs::exists(lostBefore)) {
      std::ofstream(lostBefore) << "once";
      fs::remove_all(place);
      return observation.lost(handle, "Node 7 is gone.");
    }
    std::ofstream(fs::path(readText(place / "workdir")) / "out.txt") << "made by " << how << "\n";
    observation.log(handle, "two files were made");
    observation.output(handle, "report.txt", call.putBytes("all is well\n", "text/plain"));
    observation.succeeded(handle);
  }

  const fs::path folder_;
};

}  // namespace

PW_MODULE("test.engine", "1.0.0", pw::RemoteBuilder<Engine>)
