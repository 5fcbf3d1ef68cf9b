#include "stages/process_stage.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstring>
#include <stdexcept>

#include <fcntl.h>
#include <fmt/format.h>

#include "base/folder_owner.h"
#include "base/guarded.h"
#include "base/json.h"
#include "base/log.h"
#include "base/threads.h"
#include "stages/blob_file.h"
#include "stages/call_answer.h"
#include "stages/clean_text.h"
#include "stages/inproc_call.h"
#include "stages/stored_plugin.h"
#include "stages/worker_wire.h"

namespace planwright {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kHandshake(10'000);
constexpr milliseconds kGrace(2'000);  // from CANCEL to the end of the process
constexpr milliseconds kTick(50);
constexpr std::uint32_t kMostCalls = 10'000;
constexpr std::chrono::minutes kLongestLife(60);

std::string howItEnded(const ProgramExit& exit) {
  if (!exit.refusal.empty()) return exit.refusal;
  if (!exit.startError.empty()) return exit.startError;
  if (exit.signal != 0) return fmt::format("signal {} ({})", exit.signal, ::strsignal(exit.signal));
  return fmt::format("exit code {}", exit.code);
}

constexpr const char* kSpeak =
    " A program as plugin speaks planwright's frames on descriptor 0 and answers Hello with Ready; "
    "sdk/python/planwright.py does that.";

std::uint64_t countIn(const JsonValue& meta, const char* name) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, numberOr(meta, name, 0)));
}

/// What a call is about, the same for each attempt.
std::string itemOf(const StageRequest& request) {
  if (request.input)
    return request.input->digest.empty() ? request.input->id : request.input->digest;
  if (request.job) return request.job->planDigest + "/" + request.job->id;
  return request.verb == Verb::Poll      ? "poll"
         : request.verb == Verb::Observe ? "observe"
                                         : "withdraw";
}

StageOutcome refusal(FailureClass kind, std::string message) {
  StageOutcome outcome;
  outcome.failure = Failure{kind, std::move(message), {}, {}};
  return outcome;
}

}  // namespace

Result<void> probePlugin(const std::shared_ptr<WorkerHost>& host, const StoredPlugin& plugin,
                         bool isBundled) {
  auto instance =
      ProcessInstance::create(host, WorkerTask::of(plugin, {}, {}, "{}", {}, isBundled));
  if (!instance) return instance.error();
  return {};
}

/// Programs that the stage asked for, each in a thread, so that the worker is heard meanwhile. They
/// are stopped with the call, and when the worker is gone.
class ProcessInstance::Programs {
 public:
  Programs(WorkerHost& host, ExecAsker asker, StageCall& call)
      : host_(host),
        asker_(std::move(asker)),
        call_(call),
        onStop_(call.token(), [this] { stop_.request_stop(); }) {}
  ~Programs() { stop_.request_stop(); }
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;

  void start(WorkerProcess& worker, std::uint32_t number, std::string spec) {
    threads_.emplace_back([this, &worker, number, spec = std::move(spec)] {
      std::string meta;
      try {
        const auto result =
            runProgram(spec, call_, host_.programs, host_.folders, asker_, stop_.get_token());
        if (result) {
          worker.send(FrameKind::Reply, number, "{}", *result);
          return;
        }
        meta = toMeta(result.error());
      } catch (const std::length_error& e) {
        meta = toMeta(Error{ErrorKind::TooLarge, e.what(), {}, {}});
      } catch (const std::exception& e) {
        meta = toMeta(Error{ErrorKind::Unavailable, e.what(), {}, {}});
      }
      worker.send(FrameKind::Reply, number, meta);
    });
  }

 private:
  WorkerHost& host_;
  const ExecAsker asker_;
  StageCall& call_;
  std::stop_source stop_;
  const std::stop_callback<std::function<void()>> onStop_;
  std::vector<std::jthread> threads_;
};

Result<std::unique_ptr<StageInstance>> ProcessInstance::create(std::shared_ptr<WorkerHost> host,
                                                               WorkerTask task) {
  std::unique_ptr<ProcessInstance> made(new ProcessInstance(std::move(host), std::move(task)));
  made->launch();
  if (auto ok = made->awaitReady(); !ok) return ok.error();
  return std::unique_ptr<StageInstance>(std::move(made));
}

void ProcessInstance::launch() {
  isReady_ = isTired_ = false;
  auto file = task_.open();
  whyNotStarted_ = file ? std::string() : file.error().message;
  if (!file) return;  // awaitReady() tells
  const UniqueFd code(task_.isProgram() ? -1 : ::fcntl(file->fd.get(), F_DUPFD_CLOEXEC, 3));
  process_ = std::make_unique<WorkerProcess>(*host_, task_.place(std::move(*file)));
  startedAt_ = std::chrono::steady_clock::now();
  calls_ = 0;
  sign_.reset();
  process_->send(FrameKind::Hello, 0, task_.hello(), {}, code.get());
}

Result<void> ProcessInstance::awaitReady() {
  if (isReady_) return {};
  if (!process_) return invalid(whyNotStarted_);
  auto answer = process_->receive(kHandshake);
  if (answer && *answer && (*answer)->kind == FrameKind::Ready) {
    isReady_ = true;
    sign_ = std::move((*answer)->fd);
    user_ = process_->user();
    return {};
  }
  Error error{ErrorKind::Failed, {}, {}, {}};
  if (answer && *answer && (*answer)->kind == FrameKind::Refused) {
    error = errorFrom(**answer).value_or(error);
  } else {
    const bool isSilent = answer && !*answer;
    const bool isWrong =
        answer ? static_cast<bool>(*answer) : answer.error().kind == ErrorKind::Invalid;
    const ProgramExit exit = process_->end(milliseconds(0));
    if (exit.lost || exit.stopped) error.kind = ErrorKind::Unavailable;
    if (!exit.refusal.empty()) error.kind = ErrorKind::Invalid;
    error.message = fmt::format("The process of the plugin {} {}.{}{}", task_.manifest.id,
                                isSilent  ? "did not get ready within 10 s"
                                : isWrong ? "answered Hello with something else than Ready"
                                          : "ended at its start with " + howItEnded(exit),
                                process_->hasPrinted() ? " It printed: " : "", process_->tail());
    if (task_.isProgram() && !exit.lost) error.message += kSpeak;
  }
  process_.reset();
  return error;
}

StageOutcome ProcessInstance::call(const StageRequest& request, StageCall& call) {
  if (auto why = host_->quarantine->whyNot(task_.digest); !why.empty()) {
    process_.reset();
    StageOutcome refused = refusal(FailureClass::Config, why);
    refused.hold = {std::move(why), task_.digest};
    return refused;
  }
  // What a source has named is read as its user, which is another one after this.
  if (request.verb == Verb::Poll) replaceIfWorn();
  if (!process_) launch();
  if (auto ok = awaitReady(); !ok) {
    const bool again = ok.error().kind != ErrorKind::Invalid;
    return refusal(again ? FailureClass::Infra : FailureClass::Config, ok.error().message);
  }
  const std::string meta = toMeta(request);
  if (meta.size() > kFrameMetaBytes)
    return refusal(request.input ? FailureClass::Rejected : FailureClass::Failed,
                   fmt::format("{} has {} bytes beside its content; the process of a plugin can be "
                               "handed 8 MiB.",
                               request.input ? "The input" : "The job", meta.size()));
  ++calls_;
  const std::uint32_t number = ++lastCall_;
  const std::string item = itemOf(request);
  CallAnswer answer(request.verb, number);
  std::optional<Result<Frame>> end;
  try {
    const LentFolder lent(request.job ? request.job->workdir : std::string(), user_);
    // Gone before the worker is: they answer to it.
    Programs programs(*host_, task_.asker(request, user_), call);
    if (process_->send(kindOf(request.verb), number, meta, dataOf(request)))
      end = await(number, call, programs, answer);
  } catch (...) {  // our own services failed: what the worker would say now is of no use
    process_->end(milliseconds(0));
    process_.reset();
    throw;
  }
  if (!end || !*end)
    return died(end ? end->error() : Error{ErrorKind::Unavailable, {}, {}, {}}, item, call);
  auto outcome = answer.take(std::move(**end));
  // A poll or a look is asked for again anyway: its process may stay.
  const bool isLook = request.verb == Verb::Poll || request.verb == Verb::Observe;
  if (!outcome && !isLook) return died(outcome.error(), item, call);
  if (!outcome)
    outcome =
        refusal(FailureClass::Bug, "The plugin broke its contract: " + outcome.error().message);
  mask(outcome->failure);
  host_->quarantine->cameBack(task_.digest);
  if (request.verb != Verb::Poll) replaceIfWorn();
  return std::move(*outcome);
}

void ProcessInstance::replaceIfWorn() {
  const bool isOld =
      calls_ >= kMostCalls || std::chrono::steady_clock::now() - startedAt_ >= kLongestLife;
  if (!isOld && !isTired_) return;
  process_.reset();
  launch();
}

Result<Frame> ProcessInstance::await(std::uint32_t number, StageCall& call, Programs& programs,
                                     CallAnswer& answer) {
  const std::stop_callback onStop(call.token(), [&] {
    process_->send(FrameKind::Cancel, number,
                   JsonWriter().object().member("reason", call.reasonForPlugin()).end().take());
  });
  std::optional<std::chrono::steady_clock::time_point> giveUpAt;
  for (;;) {
    auto frame = process_->receive(kTick);
    if (!frame) return frame.error();
    const auto now = std::chrono::steady_clock::now();
    call.checkLimits(now);  // of a source nobody else does
    if (call.reason() != StopReason::None && !giveUpAt) giveUpAt = now + kGrace;
    if (giveUpAt && now >= *giveUpAt)
      return Error{ErrorKind::Failed, "it did not stop when it was asked to", {}, {}};
    if (!*frame) continue;
    if ((*frame)->kind == FrameKind::Done) {
      if ((*frame)->number != number) return invalid("it gave a result for a call that is over");
      const auto meta = metaOf(**frame);
      isTired_ = meta && boolOr(*meta, "tired", false);
      return std::move(**frame);
    }
    if (auto ok = serve(std::move(**frame), call, programs, answer); !ok) return ok.error();
  }
}

Result<void> ProcessInstance::serve(Frame frame, StageCall& call, Programs& programs,
                                    CallAnswer& answer) {
  const auto meta = metaOf(frame);
  if (!meta) return invalid("a frame's meta is " + meta.error().message);
  CallServices& services = call.services();
  if (frame.kind != FrameKind::Metric) call.live();
  switch (frame.kind) {
    case FrameKind::Log:
      services.log(static_cast<int>(numberOr(*meta, "level", 2)),
                   cutText(secrets_.without(frame.data), kLogLimitBytes),
                   cutText(secrets_.without(textOr(*meta, "fields")), kLogLimitBytes));
      return {};
    case FrameKind::Event:
      services.event(textOr(*meta, "type"), secrets_.without(frame.data));
      return {};
    case FrameKind::Progress:
      services.progress(countIn(*meta, "done"), countIn(*meta, "total"),
                        cutText(secrets_.without(textOr(*meta, "note")), kNoteLimitBytes));
      return {};
    case FrameKind::Metric: {
      const auto* value = find(*meta, "value");
      services.metric(static_cast<int>(numberOr(*meta, "kind", 0)), textOr(*meta, "name"),
                      value && value->IsNumber() ? value->GetDouble() : std::nan(""),
                      secrets_.without(textOr(*meta, "labels")));
      return {};
    }
    case FrameKind::Part:
      return answer.add(frame);
    case FrameKind::Exec:
      programs.start(*process_, frame.number, std::move(frame.data));
      return {};
    case FrameKind::BlobGet:
    case FrameKind::BlobPut:
    case FrameKind::Secret:
    case FrameKind::Place:
      reply(frame, *meta, call);
      return {};
    default:
      return invalid(fmt::format("it sent a frame of kind {} in the middle of a call",
                                 static_cast<int>(frame.kind)));
  }
}

void ProcessInstance::reply(const Frame& request, const JsonValue& meta, StageCall& call) {
  const auto answer = [&](std::string_view text, std::string_view data = {}, int fd = -1) {
    process_->send(FrameKind::Reply, request.number, text, data, fd);
  };
  CallServices& services = call.services();
  if (request.kind == FrameKind::BlobGet) {
    const auto digest = Digest::parse(textOr(meta, "digest"));
    if (!digest) return answer(toMeta(invalid("not a blob digest")));
    const auto blob = services.openBlob(*digest);
    return blob ? answer("{}", {}, blob->get()) : answer(toMeta(blob.error()));
  }
  if (request.kind == FrameKind::BlobPut) {
    if (!request.fd) return answer(toMeta(invalid("a blob comes as a descriptor")));
    if (auto ok = checkBlobFile(request.fd.get()); !ok) return answer(toMeta(ok.error()));
    const auto digest = services.putBlob(request.fd.get(), textOr(meta, "media_type"), [&](bool) {
      call.checkLimits(std::chrono::steady_clock::now());
      return call.reason() == StopReason::None;
    });
    if (!digest) return answer(toMeta(digest.error()));
    return answer(JsonWriter().object().member("digest", digest->text()).end().take());
  }
  if (request.kind == FrameKind::Place) {
    const SourcePlace place = services.place();
    JsonWriter told;
    told.object().member("folder", place.folder).member("max_bytes", place.maxBytes);
    return answer(told.end().take());
  }
  const std::string name = textOr(meta, "name");
  const bool isAllowed = std::find(task_.manifest.secrets.begin(), task_.manifest.secrets.end(),
                                   name) != task_.manifest.secrets.end();
  const auto value = isAllowed ? services.secret(name) : std::nullopt;
  if (!value) return answer(toMeta(notFound("the secret " + name + " is not granted")));
  secrets_.add(*value);
  answer("{}", *value);
}

/// A plugin's code has done this already, a program has not; and what a process prints when it dies
/// may hold what an earlier call was given.
void ProcessInstance::mask(std::optional<Failure>& failure) const {
  if (!failure) return;
  failure->message = cutText(secrets_.without(failure->message), kMessageLimitBytes);
  failure->details = cutText(secrets_.without(failure->details), kDetailsLimitBytes);
}

/// Ends the worker, if it has not ended itself, and describes how it ended.
StageOutcome ProcessInstance::died(const Error& why, const std::string& item, StageCall& call) {
  const bool isStopped = call.reason() != StopReason::None;
  // A worker that crashed ends within a moment. One that broke the protocol is ended without
  // waiting.
  const ProgramExit exit = process_->end(milliseconds(isStopped ? 0 : 200));
  const std::string tail = secrets_.without(process_->tail());
  StageOutcome outcome;
  outcome.failure = Failure{FailureClass::Infra, {}, {}, {}};
  std::string how = "died with " + howItEnded(exit);
  if (isStopped) {
    outcome.failure->kind = failureClassOf(PW_CANCELLED, call.reason());
    how = "was ended: " + (why.message.empty() ? "it does not answer" : why.message);
  } else if (const auto limit = exit.signal == SIGXCPU ? ProgramLimit::Cpu : exit.limit;
             limit != ProgramLimit::None) {
    outcome.failure->kind = FailureClass::Limit;
    how = "was ended: " + limitSentence(limit, task_.room.limits);
  } else if (why.kind == ErrorKind::Invalid) {
    outcome.failure->kind = FailureClass::Bug;
    how = "broke its contract: " + why.message;
  } else if (!exit.lost) {
    outcome.isDeath = true;
  }
  outcome.failure->message = fmt::format("The process of the plugin {} {}{}", task_.manifest.id,
                                         how, how.ends_with('.') ? "" : ".");
  outcome.failure->details = fmt::format("plugin {} {} {}\n{}", task_.manifest.id,
                                         task_.manifest.version, task_.digest, tail);
  if (outcome.isDeath || outcome.failure->kind == FailureClass::Bug) {
    host_->quarantine->died(
        {task_.manifest.id, task_.manifest.version, task_.digest, item, how, tail},
        std::chrono::steady_clock::now());
    if (auto reason = host_->quarantine->whyNot(task_.digest); !reason.empty())
      outcome.hold = {std::move(reason), task_.digest};
  }
  log::warn("{} queue={} digest={}", outcome.failure->message, task_.queue, task_.digest);
  process_.reset();
  if (outcome.hold.empty() && call.reason() != StopReason::Drain) launch();
  return outcome;
}

}  // namespace planwright
