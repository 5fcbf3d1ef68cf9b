#include <chrono>
#include <filesystem>
#include <iterator>
#include <thread>

#include <fmt/format.h>

#include "base/files.h"
#include "trial/trial_module.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;
using pw::testing::FakeHost;

/// What of this process is listed in a folder of /proc/self.
std::ptrdiff_t countOf(const char* folder) {
  return std::distance(fs::directory_iterator(folder), {});
}

/// `count()` once it is no more than `most`, or what it still is a second later: a thread that was
/// joined may be listed for a moment.
template <class Count>
auto settled(Count count, decltype(count()) most) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  auto now = count();
  for (; now > most && std::chrono::steady_clock::now() < end; now = count())
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return now;
}

/// An instance with the checked settings, or null: only the first check here asks why.
void* created(FakeHost& host, const pw_stage& life, const CheckSubject& subject) {
  void* self = nullptr;
  return host.create(life, subject.settings, &self).ok() ? self : nullptr;
}

CheckOutcome makesAnInstance(const CheckSubject& subject) {
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    FakeHost host;
    void* self = nullptr;  // stays as it is: destroy() has a check of its own
    const auto end = host.create(module.life(stage), subject.settings, &self);
    return end.ok() ? CheckOutcome::passed()
                    : wrong(stage, fmt::format("create() failed with settings that keep its "
                                               "schema: {}",
                                               end.message));
  });
}

CheckOutcome worksOnce(const CheckSubject& subject) {
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    FakeHost host;
    const auto end = module.work(host, stage, plainSample(subject, stage));
    return end.status == PW_BUG ? wrong(stage, end.message) : CheckOutcome::passed();
  });
}

CheckOutcome destroyWithoutStart(const CheckSubject& subject) {
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    FakeHost host;
    for (int i = 0; i < 3; ++i)
      if (void* self = created(host, module.life(stage), subject)) module.life(stage).destroy(self);
    return CheckOutcome::passed();
  });
}

CheckOutcome drainTwice(const CheckSubject& subject) {
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    FakeHost host;
    const pw_stage& life = module.life(stage);
    void* self = created(host, life, subject);
    if (!self) return CheckOutcome::passed();
    for (int i = 0; PW_HAS(&life, drain) && i < 2; ++i) life.drain(self);
    return CheckOutcome::passed();
  });
}

CheckOutcome instancesShareNothing(const CheckSubject& subject) {
  return forEachStage(subject, [&](const TrialModule&, const std::string& stage) {
    const CheckSample sample = plainSample(subject, stage), other = {"other.txt", "three\n"};
    const std::string alone = freshResult(subject, stage, {sample});
    if (alone != freshResult(subject, stage, {sample})) return CheckOutcome::passed();  // random
    return alone == freshResult(subject, stage, {other, sample, other, sample})
               ? CheckOutcome::passed()
               : wrong(stage, "what one instance does depends on what another one did before.");
  });
}

CheckOutcome noThreadLeft(const CheckSubject& subject) {
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    const auto threads = [] { return countOf("/proc/self/task"); };
    const auto before = threads();
    FakeHost host;
    module.work(host, stage, plainSample(subject, stage));
    const auto left = settled(threads, before) - before;
    return left > 0 ? wrong(stage, fmt::format("{} threads run on after destroy().", left))
                    : CheckOutcome::passed();
  });
}

CheckOutcome noProcessLeft(const CheckSubject& subject) {
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    FakeHost host;
    module.work(host, stage, plainSample(subject, stage));
    const auto children = [] { return readFile("/proc/thread-self/children").size(); };
    return settled(children, 0) > 0
               ? wrong(stage, "It started a process itself, and left it behind.")
               : CheckOutcome::passed();
  });
}

CheckOutcome noDescriptorLeak(const CheckSubject& subject) {
  constexpr int kLives = 3;
  return forEachStage(subject, [&](const TrialModule& module, const std::string& stage) {
    const auto live = [&] {
      FakeHost host;
      module.work(host, stage, plainSample(subject, stage));
    };
    live();  // the first one may open what stays open for good, such as /dev/urandom
    const auto before = countOf("/proc/self/fd");
    for (int i = 0; i < kLives; ++i) live();
    const auto left = countOf("/proc/self/fd") - before;
    return left >= kLives
               ? wrong(stage, fmt::format("{} lives leave {} open files behind.", kLives, left))
               : CheckOutcome::passed();
  });
}

}  // namespace

std::vector<Check> lifeChecks() {
  return {
      {"life", "makes-an-instance", makesAnInstance,
       "Give the settings that it cannot do without with --set; make the defaults usable.", true},
      {"life", "works-once", worksOnce,
       "A stage ends with its result or with fail(), and no exception leaves it; `planwright "
       "plugin "
       "run` shows more.",
       true},
      {"life", "destroy-without-start", destroyWithoutStart,
       "destroy() must cope with an instance that was created only."},
      {"life", "drain-twice", drainTwice, "drain() may be called at any time, and again."},
      {"life", "two-instances-do-not-share-state", instancesShareNothing,
       "Keep state in members of the stage, never in globals."},
      {"life", "no-thread-left-after-stop", noThreadLeft,
       "Join every thread in stop() or destroy()."},
      {"life", "no-process-left-after-stop", noProcessLeft,
       "Start programs with call.exec() (planwright.exec/1), in no other way."},
      {"life", "no-fd-leak", noDescriptorLeak,
       "Close what blob_get() gives, and what you open; pw::Fd does it by itself."},
  };
}

}  // namespace planwright
