// A planner and builder that tells all that a call may: metrics, events, progress, its trace. What
// breaks a bound is among it. While the file of the setting `wait` is there, a call goes on telling
// how far it is.
#include <filesystem>
#include <string>

#include "planwright/plugin.hpp"

namespace {

class Teller {
 public:
  explicit Teller(const pw::Settings& settings) : wait_(settings.text("wait")) {}

  void plan(const pw::Input& input, pw::Plan& plan, pw::Call& call) {
    call.event("trace", "{\"traceparent\":\"" + std::string(input.traceparent()) + "\"}");
    tell(call, "planned");
    if (input.text().starts_with("reject")) pw::reject("it says so");
    plan.job("one").arg("text", "same").output("trace.txt").cacheable();
  }

  void build(const pw::Job& job, pw::Call& call) {
    call.event("trace", "{\"traceparent\":\"" + std::string(job.traceparent()) + "\"}");
    tell(call, "built");
    const auto ran = call.exec(
        {.argv = {"sh", "-c", "echo $TRACEPARENT > trace.txt"}, .cwd = std::string(job.workdir())});
    if (!ran.ok()) pw::fail(ran.how());
  }

 private:
  void tell(pw::Call& call, const std::string& what) {
    call.metric(what + "_total", 3, PW_COUNTER, R"({"index":"pypi"})");
    call.metric(what + "_seconds", 0.5, PW_HISTOGRAM);
    call.metric("last_size", 12, PW_GAUGE);
    call.metric("no such name", 1);
    call.metric("odd_total", 1, PW_COUNTER, R"({"plugin":"somebody.else"})");
    for (int i = 0; i < 1000; ++i)
      call.metric("many_total", 1, PW_COUNTER, "{\"n\":" + std::to_string(i) + "}");
    const std::string token = call.secret("token");
    call.event("first", "{\"token\":\"" + token + "\"}");
    call.event("input.planned", R"({"plan":1})");
    call.event("Not a type", "{}");
    call.event("large", "{\"text\":\"" + std::string(20'000, 'x') + "\"}");
    call.event("no-json", "hello");
    for (int i = 0; i < 150; ++i) call.event("many", "{\"n\":" + std::to_string(i) + "}");
    call.progress(1, 4, "half of it, with " + token);
    while (!wait_.empty() && std::filesystem::exists(wait_)) {
      call.progress(2, 4, "waits");
      call.sleep(std::chrono::milliseconds(50));
    }
  }

  const std::string wait_;
};

}  // namespace

PW_MODULE("test.teller", "1.0.0", pw::Planner<Teller>, pw::Builder<Teller>)
