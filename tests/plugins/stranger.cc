// A plugin of somebody else. Each of its stages runs the script of its settings in its own process,
// without asking the host: `sh SCRIPT STAGE WORKDIR`. Its source names the file of its settings.
#include <cstdlib>
#include <string>

#include "planwright/plugin.hpp"

namespace {

class Stranger {
 public:
  explicit Stranger(const pw::Settings& settings)
      : script_(settings.text("script")),
        file_(settings.text("file")) {
    run("create", "/");
  }

  void plan(const pw::Input& input, pw::Plan& plan, pw::Call&) {
    if (!run("plan", "/")) pw::fail("its script failed");
    plan.job("one").arg("text", input.text()).output("out/*");
  }

  void build(const pw::Job& job, pw::Call&) {
    if (!run("build", std::string(job.workdir()))) pw::fail("its script failed");
  }

  void poll(pw::Poll& poll, pw::Call& call) {
    if (!run("poll", call.folder())) pw::fail("its script failed");
    if (!file_.empty()) poll.file(file_.substr(file_.rfind('/') + 1), file_);
    poll.next(std::chrono::milliseconds(100));
  }

 private:
  bool run(const std::string& stage, const std::string& folder) const {
    if (script_.empty()) return true;
    const std::string command = "sh " + script_ + " " + stage + " " + folder;
    return std::system(command.c_str()) == 0;
  }

  const std::string script_, file_;
};

}  // namespace

PW_MODULE("test.stranger", "1.0.0", pw::Planner<Stranger>, pw::Builder<Stranger>,
          pw::Source<Stranger>)
