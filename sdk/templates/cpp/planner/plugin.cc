#include <planwright/plugin.hpp>
#include <sstream>

namespace {

class @CLASS@ {
 public:
  explicit @CLASS@(const pw::Settings& settings) : greeting_(settings.text("greeting")) {}

  void plan(const pw::Input& input, pw::Plan& plan, pw::Call& call) {
    std::istringstream lines(input.text());
    std::uint64_t count = 0;
    for (std::string name; std::getline(lines, name);) {
      if (name.empty()) pw::reject("line " + std::to_string(count + 1) + " is empty");
      plan.job("line-" + std::to_string(++count))
          .text("name.txt", name)
          .shell("echo \"" + greeting_ + " $(cat name.txt)\" > greeting.txt")
          .output("greeting.txt");
      call.progress(count);  // and leaves when the host wants this call to stop
    }
    call.info("planned " + std::to_string(count) + " lines");
  }

 private:
  const std::string greeting_;
};

}  // namespace

PW_MODULE("@ID@", "0.1.0", pw::Planner<@CLASS@>)
