#include "stages/worker_services.h"

#include <chrono>
#include <cmath>

#include "base/json.h"
#include "stages/worker_wire.h"

namespace planwright {
namespace {

constexpr std::int64_t kProgressMillis = 50;  // more often nobody wants to know
constexpr std::size_t kMostBefore = 100;      // of what is counted before the first call

std::int64_t nowMillis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

void WorkerServices::beginCall(std::uint32_t number) {
  std::vector<std::string> counted;
  {
    const std::lock_guard lock(mutex_);
    call_ = number;
    counted.swap(countedBefore_);
  }
  for (const auto& meta : counted) host_.send(FrameKind::Metric, number, meta);
}

void WorkerServices::deliver(Frame reply) {
  const std::lock_guard lock(mutex_);
  const auto at = waiting_.find(reply.number);
  if (at == waiting_.end()) return;
  at->second = std::move(reply);
  replied_.notify_all();
}

/// An error in the reply is returned as it is. If the host is gone, this process ends, so waiting
/// needs no time limit.
Result<Frame> WorkerServices::ask(FrameKind kind, std::string_view meta, std::string_view data,
                                  int fd) {
  std::unique_lock lock(mutex_);
  const std::uint32_t number = ++lastRequest_;
  waiting_[number];
  lock.unlock();
  host_.send(kind, number, meta, data, fd);
  lock.lock();
  replied_.wait(lock, [&] { return waiting_[number].has_value(); });
  Frame reply = std::move(*waiting_[number]);
  waiting_.erase(number);
  lock.unlock();
  if (auto error = errorFrom(reply)) return std::move(*error);
  return reply;
}

void WorkerServices::log(int level, std::string_view message, std::string_view fieldsJson) {
  JsonWriter meta;
  meta.object().member("level", level);
  if (!fieldsJson.empty()) meta.member("fields", fieldsJson);
  host_.send(FrameKind::Log, call_, meta.end().take(), message);
}

void WorkerServices::event(std::string_view type, std::string_view bodyJson) {
  host_.send(FrameKind::Event, call_, JsonWriter().object().member("type", type).end().take(),
             bodyJson);
}

void WorkerServices::progress(std::uint64_t done, std::uint64_t total, std::string_view note) {
  const std::int64_t now = nowMillis();
  if (note.empty() && now - lastProgress_ < kProgressMillis) return;
  lastProgress_ = now;
  JsonWriter meta;
  meta.object().member("done", static_cast<std::int64_t>(done));
  meta.member("total", static_cast<std::int64_t>(total)).member("note", note);
  host_.send(FrameKind::Progress, call_, meta.end().take());
}

Result<UniqueFd> WorkerServices::openBlob(const Digest& digest) {
  auto reply =
      ask(FrameKind::BlobGet, JsonWriter().object().member("digest", digest.text()).end().take());
  if (!reply) return reply.error();
  if (!reply->fd) return Error{ErrorKind::Failed, "the host sent no blob", {}, {}};
  return std::move(reply->fd);
}

Result<Digest> WorkerServices::putBlob(int fd, std::string_view mediaType, const GoesOn&) {
  auto reply = ask(FrameKind::BlobPut,
                   JsonWriter().object().member("media_type", mediaType).end().take(), {}, fd);
  if (!reply) return reply.error();
  const auto meta = parseJson(reply->meta);
  const auto digest = meta ? Digest::parse(textOr(*meta, "digest")) : std::nullopt;
  if (!digest) return Error{ErrorKind::Failed, "the host sent no digest", {}, {}};
  return *digest;
}

std::optional<std::string> WorkerServices::secret(std::string_view name) {
  auto reply = ask(FrameKind::Secret, JsonWriter().object().member("name", name).end().take());
  return reply ? std::optional(std::move(reply->data)) : std::nullopt;
}

void WorkerServices::metric(int kind, std::string_view name, double value,
                            std::string_view labels) {
  JsonWriter json;
  json.object().member("kind", kind).member("name", name);
  if (std::isfinite(value)) json.member("value", value);  // without one it is refused
  std::string meta = json.member("labels", labels).end().take();
  {
    const std::lock_guard lock(mutex_);
    if (call_ == 0) {  // the host waits for Ready, and for nothing else
      if (countedBefore_.size() < kMostBefore) countedBefore_.push_back(std::move(meta));
      return;
    }
  }
  host_.send(FrameKind::Metric, call_, meta);
}

std::optional<Result<std::string>> WorkerServices::execute(std::string_view specJson) {
  auto reply = ask(FrameKind::Exec, {}, specJson);
  if (!reply) return Result<std::string>(reply.error());
  return Result<std::string>(std::move(reply->data));
}

SourcePlace WorkerServices::place() {
  const auto reply = ask(FrameKind::Place, {});
  const auto meta = reply ? parseJson(reply->meta) : Result<JsonDocument>(reply.error());
  if (!meta) return {};
  return {textOr(*meta, "folder"), numberOr(*meta, "max_bytes", 0)};
}

}  // namespace planwright
