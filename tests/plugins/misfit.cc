// A planner that does one thing wrong, as its setting `how` says: each is caught by one check of
// `planwright plugin check`.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "planwright/plugin.hpp"

namespace {

using namespace std::chrono_literals;
int shared = 0;

class Misfit {
 public:
  explicit Misfit(const pw::Settings& settings) : how_(settings.text("how")) {
    if (is("refuses-to-live")) pw::badSetting("no setting will do");
  }
  Misfit(const Misfit&) = delete;
  Misfit& operator=(const Misfit&) = delete;
  ~Misfit() {
    if (is("dies-undestroyed") && !isStarted_) std::abort();
  }

  void start(pw::Call&) { isStarted_ = true; }
  void drain() {
    if (is("dies-drained-twice") && isDrained_) std::abort();
    isDrained_ = true;
  }

  void plan(const pw::Input& input, pw::Plan& plan, pw::Call& call) {
    misbehave();
    if (is("ignores-stop"))
      for (int i = 0; i < 150 && call.cancelled(); ++i) std::this_thread::sleep_for(10ms);
    if (is("breaks-when-stopped") && call.cancelled()) throw std::logic_error("was stopped");
    if (is("trusts-the-host")) {
      try {
        call.openBlob(input.digest());
      } catch (const pw::Stop&) {
        throw std::logic_error("no blob");
      }
    }
    const std::string text = is("trusts-the-host") ? "" : input.text();
    if (is("dies-of-nothing") && text.empty()) std::abort();
    if (is("dies-of-length") && text.size() > (1 << 20)) std::abort();
    if (is("dies-of-bytes") && text.size() == 4096) std::abort();
    auto job =
        plan.job(is("invalid-plan") ? "a job" : "job").arg("bytes", std::int64_t(text.size()));
    if (is("shares-state")) job.arg("count", ++shared);
    if (is("knows-its-process")) job.arg("pid", std::int64_t(::getpid()));
    if (is("is-random"))
      job.arg("seed", std::chrono::steady_clock::now().time_since_epoch().count());
  }

 private:
  bool is(std::string_view how) const { return how_ == how; }

  void misbehave() {
    if (is("throws")) throw std::logic_error("index out of range");
    if (is("crashes")) {
      std::signal(SIGSEGV, SIG_DFL);  // a sanitizer would catch it, and exit
      std::raise(SIGSEGV);
    }
    if (is("exits")) std::_Exit(7);
    while (is("hangs")) std::this_thread::sleep_for(10ms);
    if (is("leaks-fds")) static_cast<void>(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (is("leaks-threads")) std::thread([] { std::this_thread::sleep_for(1h); }).detach();
    if (is("leaks-processes") && ::fork() == 0) {
      ::sleep(60);
      ::_exit(0);
    }
  }

  const std::string how_;
  bool isStarted_ = false, isDrained_ = false;
};

}  // namespace

PW_MODULE("test.misfit", "1.0.0", pw::Planner<Misfit>)
