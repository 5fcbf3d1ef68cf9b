#include <fstream>
#include <planwright/plugin.hpp>

namespace {

class @CLASS@ {
 public:
  explicit @CLASS@(const pw::Settings&) {}

  /// Runs one job. What matches its output globs in the work folder afterwards is its result; the
  /// spec is what the planner wrote. Programs are started with call.exec({.argv = {...}}).
  void build(const pw::Job& job, pw::Call& call) {
    const pw::Settings spec({}, pw::str(job.specJson()));
    const std::string text = spec.text("text");
    if (text.empty()) pw::reject("the job's spec has no \"text\"");
    std::ofstream out(std::string(job.workdir()) + "/out.txt");
    if (!(out << text << '\n' << std::flush)) pw::retry("out.txt could not be written");
    call.info("wrote out.txt");
  }
};

}  // namespace

PW_MODULE("@ID@", "0.1.0", pw::Builder<@CLASS@>)
