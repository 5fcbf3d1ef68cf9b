// A stage of every kind that does what its setting `how` says, mostly something that is not
// allowed.
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <thread>

#include <dlfcn.h>
#include <unistd.h>

#include "planwright/plugin.hpp"

namespace {

class Faulty {
 public:
  explicit Faulty(const pw::Settings& settings) : how_(settings.text("how")) {
    if (settings.text("create") == "throw") throw std::runtime_error("no such thing");
    if (settings.text("create") == "config") pw::badSetting("the setting is impossible");
  }

  void plan(const pw::Input& input, pw::Plan& plan, pw::Call& call) {
    if (how_ == "throw") throw std::logic_error("index out of range");
    if (how_ == "throw-int") throw 7;
    if (how_ == "double") call.emit("plan", "{\"jobs\":[]}");
    if (how_ == "wrong-kind") call.emit("output", "{}");
    if (how_ == "reject") pw::reject("line 3 is wrong", "the whole story");
    if (how_ == "retry") pw::retry("the index is away", 1500);
    if (how_ == "cancelled") throw pw::Stop{PW_CANCELLED, "enough"};
    if (how_ == "missing-blob") call.blob("sha256:" + std::string(64, '0'));
    if (how_ == "secret") call.info("the token is " + call.secret("token"));
    if (how_ == "other-secret") call.secret("password");
    if (how_ == "exec") call.info(call.exec({.argv = {"true"}}).how());
    if (how_ == "other-exec") call.exec({.argv = {"/bin/true"}});
    if (how_ == "wait") waitForInterrupt(call);
    if (how_ == "die") die(firstWord(input.text()));
    if (how_ == "fork") call.info(std::to_string(forkOne()));
    if (how_ == "look") lookAround(call);
    if (how_ == "logs")
      for (int i = 0; i < 50'000; ++i) call.info("the same line, again and again");
    plan.job("read").arg("text", input.text());
  }

  void build(const pw::Job& job, pw::Call& call) {
    if (how_ == "die") {
      if (job.specJson().find("segv") != std::string_view::npos) die("segv");
      return;
    }
    if (how_ == "bad-output") call.emit("output", "{\"name\":\"x\"}");
    job.output("a.txt", "sha256:" + std::string(64, 'a'));
    call.progress(1, 1, job.workdir());
  }

  void poll(pw::Poll& poll, pw::Call& call) {
    if (const std::string_view dieWhile = "die while "; how_.starts_with(dieWhile))
      return pollOrDie(how_.substr(dieWhile.size()), poll, call);
    poll.file("a.txt", "/drop/a.txt", R"({"mode":"0644"})");
    poll.setCursor(std::string(poll.cursor()) + "+");
    poll.next(std::chrono::milliseconds(250));
  }

  void interrupt() {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    woken_.notify_all();
  }

 private:
  static std::string firstWord(const std::string& text) {
    return text.substr(0, text.find_first_of(" \n"));
  }

  /// A source that gives one blob in each poll, and dies behind it as long as `file` is there.
  static void pollOrDie(const std::string& file, pw::Poll& poll, pw::Call& call) {
    const std::string name = "b" + std::to_string(poll.cursor().size());
    poll.blob(name, call.putBytes(name, "text/plain"));
    if (::access(file.c_str(), F_OK) == 0) die("segv");
    poll.setCursor(std::string(poll.cursor()) + "+");
    poll.next(std::chrono::milliseconds(poll.cursor().size() < 3 ? 0 : 3'600'000));
  }

  /// What would end a host that runs it in its own process.
  static void die(std::string_view how) {
    if (how == "segv") {
      ::signal(SIGSEGV, SIG_DFL);  // a sanitizer would catch it, and exit
      ::raise(SIGSEGV);
    }
    if (how == "abort") {
      std::fputs("assertion failed: two is one\n", stderr);
      std::abort();
    }
    if (how == "exit") std::_Exit(7);
    if (how == "flood")
      for (int i = 0; i < 100'000; ++i) std::puts("the same line, again and again");
    if (how == "thread") std::thread([] { ::pause(); }).detach();
    if (how == "garbage") {
      for (int fd = 3; fd < 64; ++fd)
        if (::write(fd, "no frame at all, but text", 25) < 0) continue;
      ::pause();
    }
    if (how == "fork") forkOne();
    if (how == "hang")
      for (;;) ::pause();
    if (how == "late") std::this_thread::sleep_for(std::chrono::milliseconds(1300));
    if (how == "fds")
      for (int i = 0; i < 100; ++i)
        if (::dup(0) < 0) throw std::runtime_error("too many open files");
    if (how == "allocate")
      for (;;) std::memset(::operator new(1 << 20), 1, 1 << 20);
    if (how == "spin")
      for (;;) std::atomic_signal_fence(std::memory_order_seq_cst);
    if (how == "pin") ::dlopen(ownFile().c_str(), RTLD_NOW | RTLD_NODELETE);
  }

  /// Leaves a process behind, which ends only when somebody ends it.
  static pid_t forkOne() {
    const pid_t child = ::fork();
    while (child == 0) ::pause();  // NOLINT(bugprone-infinite-loop): that is its fault
    return child;
  }

  static std::string ownFile() {
    Dl_info info{};
    ::dladdr(reinterpret_cast<const void*>(&Faulty::die), &info);
    return info.dli_fname;
  }

  /// Tells what a strict sandbox forbids.
  static void lookAround(pw::Call& call) {
    std::string seen = ::geteuid() == 0 ? "root " : "";
    if (::access("/root", F_OK) == 0 || ::access("/home", F_OK) == 0) seen += "homes ";
    if (std::FILE* file = std::fopen("/usr/of-the-plugin", "w")) {
      std::fclose(file);
      ::unlink("/usr/of-the-plugin");
      seen += "writable-system ";
    }
    std::ifstream routes("/proc/net/route");
    for (std::string line; std::getline(routes, line);)
      if (line.find("\t0003\t") != std::string::npos) seen += "network ";
    if (!seen.empty()) pw::reject("it sees " + seen);
    call.progress(0);
  }

  void waitForInterrupt(pw::Call& call) {
    call.progress(0);
    std::unique_lock lock(mutex_);
    woken_.wait(lock, [this] { return interrupted_; });
    call.stopIfCancelled();
  }

  const std::string how_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool interrupted_ = false;
};

}  // namespace

PW_MODULE("test.faulty", "1.0.0", pw::Planner<Faulty>, pw::Builder<Faulty>, pw::Source<Faulty>)
