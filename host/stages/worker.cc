#include "stages/worker.h"

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/guarded.h"
#include "base/json.h"
#include "base/memory.h"
#include "stages/inproc_instance.h"
#include "stages/library.h"
#include "stages/worker_services.h"
#include "stages/worker_wire.h"

namespace planwright {
namespace {

constexpr std::size_t kLargeCall = std::size_t{256} << 10;

/// A worker starts no programs itself; its host starts them.
class NoPrograms final : public Programs {
 public:
  ProgramExit run(const ProgramSpec&, const std::stop_token&) override {
    ProgramExit exit;
    exit.startError = "programs are run by the host";
    return exit;
  }
};

/// Two threads: main makes the instance and runs its calls; the reader takes what the host sends.
class Worker {
 public:
  explicit Worker(UniqueFd socket) : host_(std::move(socket)), services_(host_) {}
  int run();

 private:
  Result<void> greet(Frame hello);
  void read();
  std::optional<Frame> nextCall();
  void serve(Frame frame);
  StageOutcome call(Frame frame, StageCall& call);
  bool isTired() const;
  void limitCpu() const;

  FrameSocket host_;
  UniqueFd code_;  ///< of the plugin; open as long as the loader knows it by this number
  WorkerServices services_;
  NoPrograms programs_;
  std::unique_ptr<StageInstance> instance_;        ///< null if the plugin is only loaded
  std::int64_t memoryBytes_ = 0, cpuSeconds_ = 0;  // 0 = as many as it likes
  struct Running {
    StageCall* call = nullptr;
    std::uint32_t number = 0;
    std::uint32_t cancelled = 0;  ///< a call that was cancelled, perhaps before it began
    StopReason reason = StopReason::None;
  };
  void cancel(const Frame& frame);
  Guarded<Running> running_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Frame> next_;
  bool isBusy_ = false, isOver_ = false;
};

Result<void> Worker::greet(Frame hello) {
  const auto meta = parseJson(hello.meta);
  if (!meta) return meta.error();
  if (!hello.fd) return invalid("Hello brought no plugin");
  code_ = std::move(hello.fd);
  const std::string file = "/proc/self/fd/" + std::to_string(code_.get());
  const std::string stage = textOr(*meta, "stage"), queue = textOr(*meta, "queue");
  const std::string settings = textOr(*meta, "settings", "{}");
  memoryBytes_ = numberOr(*meta, "memory", 0);
  cpuSeconds_ = numberOr(*meta, "cpu", 0);
  // The host has read and checked the manifest already. Doing it again here would double the time
  // of a start.
  Manifest manifest;
  manifest.id = textOr(*meta, "id");
  manifest.version = textOr(*meta, "version");
  manifest.stages = textsOf(*meta, "stages");
  manifest.secrets = textsOf(*meta, "secrets");
  auto library =
      Library::load(file, std::move(manifest), programs_, {},
                    [this](int kind, std::string_view name, double value, std::string_view labels) {
                      services_.metric(kind, name, value, labels);
                    });
  if (!library) {
    Error error = library.error();  // the loader knows no other name
    if (const auto at = error.message.find(file); at != std::string::npos)
      error.message.replace(at, file.size(), textOr(*meta, "plugin"));
    return error;
  }
  if (stage.empty()) return {};
  auto made = InprocInstance::create(std::move(*library), stage, queue, settings);
  if (!made) return made.error();
  instance_ = std::move(*made);
  return {};
}

void Worker::cancel(const Frame& frame) {
  const auto meta = parseJson(frame.meta);
  const auto reason = static_cast<StopReason>(meta ? numberOr(*meta, "reason", 1) : 1);
  auto running = running_.lock();
  running->cancelled = frame.number;
  running->reason = reason;
  if (running->call && running->number == frame.number) running->call->stop(reason);
}

void Worker::read() {
  for (;;) {
    auto frame = host_.receive();
    if (!frame) break;
    if (frame->kind == FrameKind::Reply) {
      services_.deliver(std::move(*frame));
    } else if (frame->kind == FrameKind::Cancel) {
      cancel(*frame);
    } else {
      const std::lock_guard lock(mutex_);
      next_ = std::move(*frame);
      changed_.notify_all();
    }
  }
  const std::lock_guard lock(mutex_);
  if (isBusy_) ::_exit(1);  // nobody waits for the result; the stage may never come back
  isOver_ = true;
  changed_.notify_all();
}

std::optional<Frame> Worker::nextCall() {
  std::unique_lock lock(mutex_);
  isBusy_ = false;
  changed_.wait(lock, [this] { return next_ || isOver_; });
  if (!next_) return std::nullopt;
  isBusy_ = true;
  std::optional<Frame> frame = std::move(next_);
  next_.reset();
  return frame;
}

/// Whether half of the descriptors, or three quarters of the memory, are used up, so that a leak
/// does not end in a failure. The lowest free descriptor shows how many are open, at almost no
/// cost.
bool Worker::isTired() const {
  rlimit most{};
  ::getrlimit(RLIMIT_NOFILE, &most);
  const UniqueFd lowest(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
  if (!lowest || static_cast<rlim_t>(lowest.get()) > most.rlim_cur / 2) return true;
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return memoryBytes_ > 0 && used.ru_maxrss * 1024 > memoryBytes_ / 4 * 3;
}

/// From now on, for this call.
void Worker::limitCpu() const {
  if (cpuSeconds_ == 0) return;
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto spent = used.ru_utime.tv_sec + used.ru_stime.tv_sec + 1;  // these are rounded down
  const rlimit most{static_cast<rlim_t>(spent + cpuSeconds_), RLIM_INFINITY};
  ::setrlimit(RLIMIT_CPU, &most);
}

void Worker::serve(Frame frame) {
  limitCpu();
  services_.beginCall(frame.number);
  const std::uint32_t number = frame.number;
  StageCall running(services_);
  {
    auto now = running_.lock();
    now->call = &running;
    now->number = number;
    if (now->cancelled == number) running.stop(now->reason);
  }
  const std::size_t given = frame.data.size() + frame.meta.size();
  StageOutcome outcome = call(std::move(frame), running);
  running_.lock()->call = nullptr;
  for (const std::string& meta : takeParts(outcome)) host_.send(FrameKind::Part, number, meta);
  host_.send(FrameKind::Done, number, toMeta(outcome, isTired()), outcome.text);
  if (given + outcome.text.size() < kLargeCall) return;
  outcome = {};
  giveBackMemory(kLargeCall);
}

StageOutcome Worker::call(Frame frame, StageCall& call) {
  const auto verb = verbOf(frame.kind);
  if (!verb || !instance_) {
    StageOutcome none;
    none.failure = Failure{FailureClass::Bug, "The worker has no such stage.", {}, {}};
    return none;
  }
  StageRequest request{*verb};
  Result<StageInput> input = StageInput{};
  Result<StageJob> job = StageJob{};
  if (verb == Verb::Plan) {
    input = inputFrom(std::move(frame));
    request.input = &*input;
  } else if (verb == Verb::Build || verb == Verb::Submit) {
    job = jobFrom(frame);
    request.job = &*job;
  } else {
    request.text = frame.data;
  }
  return instance_->call(request, call);
}

int Worker::run() {
  auto hello = host_.receive();
  if (!hello || hello->kind != FrameKind::Hello) {
    std::fputs("planwright plugin-worker: is started by a host, not by hand\n", stderr);
    return 2;
  }
  Result<void> greeted;
  try {
    greeted = greet(std::move(*hello));
  } catch (const std::exception& e) {
    greeted = Error{ErrorKind::Failed, e.what(), {}, {}};
  }
  if (!greeted) {
    host_.send(FrameKind::Refused, hello->number, toMeta(greeted.error()));
    return 0;
  }
  host_.send(FrameKind::Ready, hello->number, "{}", {}, instance_ ? instance_->fd() : -1);
  std::jthread reader([this] { read(); });
  try {
    while (auto frame = nextCall()) serve(std::move(*frame));
  } catch (const std::exception& e) {  // the reader waits for the host, and that for us
    std::fprintf(stderr, "planwright plugin-worker: %s\n", e.what());
    ::_exit(1);
  }
  instance_.reset();
  return 0;
}

}  // namespace

int workerMain(int fd) {
  ::prctl(PR_SET_NAME, "pw-worker");
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::signal(SIGPIPE, SIG_IGN);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  // Away from the standard descriptors, which belong to what the plugin reads and prints.
  UniqueFd socket(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC)); null) ::dup2(null.get(), fd);
  try {
    return Worker(std::move(socket)).run();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "planwright plugin-worker: %s\n", e.what());
    return 1;
  }
}

}  // namespace planwright
