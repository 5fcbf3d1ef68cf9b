#include "intake/intake.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>

#include "base/backoff.h"
#include "base/failpoints.h"
#include "base/glob.h"
#include "base/json.h"
#include "base/log.h"
#include "base/threads.h"
#include "intake/file_names.h"

namespace planwright {
namespace {

using namespace std::chrono_literals;

constexpr auto kHolderCheck = 250ms;
constexpr auto kLongestWait = 1s;
constexpr std::size_t kMostRefusedNames = 100'000;
constexpr std::size_t kKnownSlack = 10'000;
constexpr auto kBatchTime = 20ms;  ///< a batch is not held up longer by its large files

UniqueFd newEventFd() {
  UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) throw std::system_error(errno, std::generic_category(), "eventfd");
  return fd;
}

/// The folder of an item: its path without its name, or the parent if the name is not its end.
std::string folderOf(const SourceItem& item) {
  const std::string end = "/" + item.name;
  if (item.path.ends_with(end)) return item.path.substr(0, item.path.size() - end.size());
  return {};
}

bool fitsOneOf(const std::vector<std::string>& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return globMatches(pattern, name); });
}

/// What the source says of an event that it emitted.
std::string_view levelOf(const JsonDocument& body) {
  const std::string level = textOr(body, "level");
  return level == "warning" ? "warning" : level == "error" ? "error" : "info";
}

}  // namespace

Intake::Intake(IntakeSettings settings, IntakeParts parts)
    : settings_(std::move(settings)),
      recorder_(parts.recorder),
      blobs_(parts.blobs),
      clock_(parts.clock),
      metrics_(parts.metrics),
      isHolder_(std::move(parts.isHolder)),
      snapshots_(blobs_, settings_.maxBytes),
      wakeFd_(newEventFd()),
      source_(settings_, std::move(parts.source), blobs_, clock_, metrics_),
      files_(StableFiles(clock_, settings_.stableFor)) {}

Intake::~Intake() {
  isStopping_ = true;
  source_.stop();
  thread_.request_stop();
  wake();
  if (thread_.joinable()) thread_.join();
  for (const char* name :
       {"planwright_arriving_files", "planwright_watcher_last_scan_timestamp_seconds"})
    metrics_.forget(name, {{"queue", settings_.queue}, {"source", settings_.source}});
}

/// One of the gauges of this source.
void Intake::measure(std::string_view name, double value) {
  metrics_.set(name, {{"queue", settings_.queue}, {"source", settings_.source}}, value);
}

void Intake::start() {
  thread_ =
      startThread("pw-in-" + settings_.queue, [this](const std::stop_token& stop) { run(stop); });
}

void Intake::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wakeFd_.get(), &one, sizeof one);
}

std::vector<ArrivingFile> Intake::arriving(std::size_t limit, std::string_view after) {
  return files_.lock()->list(limit, after);
}

void Intake::run(const std::stop_token& stop) {
  Backoff backoff;
  while (!stop.stop_requested()) {
    try {
      const auto idle = step();
      backoff.reset();
      if (idle > 0ns) waitForSign(idle);
    } catch (const std::exception& e) {  // the store is away: everything stays arriving
      log::error("intake queue={}: {}", settings_.queue, e.what());
      status_.lock()->problem = e.what();
      sleepFor(backoff.next(), stop);
    }
  }
}

std::chrono::nanoseconds Intake::step() {
  if (!becomeHolder()) return kHolderCheck;
  if (isPollDue()) pollSource();
  handleFound();
  const bool isHolder = recordDue();
  for (auto& [path, fd] : folders_) fd.reset();  // it may be another folder at the next step
  measure("planwright_arriving_files", static_cast<double>(files_.lock()->size()));
  if (isHolder) return timeToNextStep();
  wasHolder_ = false;
  return kHolderCheck;
}

/// When this host becomes the holder, it reads what the holder before recorded.
bool Intake::becomeHolder() {
  const bool isHolder = !isHolder_ || isHolder_();
  if (isHolder && !wasHolder_) {
    readKnown();
    cursor_ = storedCursor_ = recorder_.cursor(settings_.queue, settings_.source);
    source_.makeDue();
  }
  if (isHolder && known_.size() > mostKnown_) readKnown();
  wasHolder_ = isHolder;
  auto status = status_.lock();
  status->isHolder = isHolder;
  if (!isHolder) status->problem.clear();  // from now on it is the holder's
  return isHolder;
}

/// Called at the start of a turn, and again when there are many entries: those that upkeep deleted,
/// because their files are gone, are dropped here, too.
void Intake::readKnown() {
  known_.clear();
  for (const KnownFile& file : recorder_.known(settings_.queue, settings_.source)) {
    known_.note(file.name, file.signature);
  }
  mostKnown_ = 2 * known_.size() + kKnownSlack;
}

/// No poll while a full batch waits: the source keeps the rest, and memory stays small. No poll
/// while a blob waits, either: with blobs of two polls, a crash could leave a later content of a
/// name recorded and the cursor before the earlier content.
bool Intake::isPollDue() {
  if (!found_.empty() || !foundEvents_.empty() || !ready_.empty()) return false;
  if (backlog() >= kRecordBatch && !source_.isBetweenProcesses()) return false;
  return source_.isDue();
}

void Intake::pollSource() {
  auto found = source_.poll(cursor_);
  snapshots_.readAs(source_.user());
  for (auto& event : source_.takeEvents()) foundEvents_.push_back(std::move(event));
  auto status = status_.lock();
  status->problem = source_.problem();
  if (!found) return;
  std::move(found->begin(), found->end(), std::back_inserter(found_));
  status->lastPollAt = clock_.now();
  measure("planwright_watcher_last_scan_timestamp_seconds",
          std::chrono::duration<double>(status->lastPollAt.time_since_epoch()).count());
}

void Intake::handleFound() {
  for (; !foundEvents_.empty(); foundEvents_.pop_front()) report(foundEvents_.front());
  for (; !found_.empty(); found_.pop_front()) take(found_.front());
  source_.services().dropBlobs();
}

void Intake::report(const SourceCall::Event& event) {
  const Result<JsonDocument> body = parseJson(event.bodyJson);
  if (event.type == kRefused && !body) {  // Postgres would refuse it again and again
    metrics_.add("planwright_plugin_reports_dropped_total",
                 {{"plugin", settings_.plugin}, {"what", "event"}, {"why", "body"}});
  } else if (event.type == kRefused) {
    refuseName(textOr(*body, "name"), textOr(*body, "reason"));
  } else {
    recorder_.sourceEvent(settings_.queue, event.type, body ? levelOf(*body) : "info",
                          event.bodyJson);
  }
}

void Intake::take(const SourceItem& item) {
  if (isHidden(item.name)) return;
  if (const auto reason = refusalOfName(item.name)) return refuseName(item.name, *reason);
  if (!globMatches(settings_.pattern, item.name) || fitsOneOf(settings_.ignored, item.name)) return;
  if (!settings_.planned.empty() && !fitsOneOf(settings_.planned, item.name))
    return refuseName(item.name, "no planner of the queue takes a file of this name");
  if (!item.digest.empty()) return takeBlob(item);
  const std::string folder = folderOf(item);
  if (folder.empty())
    return refuseName(item.name, "its source gave the path \"" + item.path + "\"");
  const std::string& path = folders_.try_emplace(folder).first->first;
  origins_.insert_or_assign(item.name, Origin{&path, item.attributesJson});
  lookAt(item.name, path);
}

void Intake::takeBlob(const SourceItem& item) {
  Result<StagedBlob> blob = source_.services().blobOf(item.digest);
  if (!blob) return refuseName(item.name, blob.error().message);
  ready_.push_back({item.name, std::move(*blob), {}, item.attributesJson});
}

/// Looks at one name that the source reported.
void Intake::lookAt(const std::string& name, const std::string& folder) {
  const int fd = folderFd(folder);
  if (fd < 0 && errno == EXDEV)
    return refuse(name, {}, "it is not in a folder from which its source may take files");
  const Sighting sighting = fd < 0 ? Sighting{} : snapshots_.look(fd, name);
  if (sighting.kind != Sighting::Kind::File && source_.isBetweenProcesses()) {
    files_.lock()->observe(name, {});  // whatever it is then, it looks different
    return awaitProcess(name, {});
  }
  switch (sighting.kind) {
    case Sighting::Kind::Gone:
      return forget(name);
    case Sighting::Kind::Refused:
      return refuse(name, sighting.signature, sighting.reason);
    case Sighting::Kind::File:
      if (known_.isKnown(name, sighting.signature)) return forget(name);
      files_.lock()->observe(name, sighting.signature);
  }
}

void Intake::awaitProcess(const std::string& name, const StatSignature& signature) {
  files_.lock()->postpone(name, signature, ArrivingReason::Source, retryTime());
  source_.replaceProcess();
}

bool Intake::recordDue() {
  RecordBatch batch{settings_.queue, settings_.source, settings_.onOverwrite, {}, {}};
  batch.files = ready_.empty() ? takeSnapshots() : firstReady();
  if (isStopping_) return true;
  // The cursor is stored with the last item that was reported before it.
  const std::size_t open = files_.lock()->size() + ready_.size();
  if (open == batch.files.size() && cursor_ != storedCursor_) batch.cursor = cursor_;
  return (batch.files.empty() && !batch.cursor) || record(batch);
}

/// A batch is either of blobs or of files, and has no name twice.
std::vector<RecordedFile> Intake::firstReady() const {
  std::unordered_set<std::string_view> names;
  auto end = ready_.begin();
  while (end != ready_.end() && names.size() < kRecordBatch && names.insert(end->name).second)
    ++end;
  return {ready_.begin(), end};
}

std::vector<RecordedFile> Intake::takeSnapshots() {
  std::vector<RecordedFile> files;
  const SteadyTime begin = clock_.steady();
  for (const ArrivingFile& file : files_.lock()->due(kRecordBatch)) {
    if (isStopping_) break;
    if (auto taken = snapshot(file)) files.push_back(std::move(*taken));
    if (clock_.steady() - begin > kBatchTime) break;
  }
  return files;
}

std::optional<RecordedFile> Intake::snapshot(const ArrivingFile& file) {
  failpoint("intake.snapshot.before");
  const Origin& origin = origins_.at(file.name);
  const int folder = folderFd(*origin.folder);
  Snapshot taken;  // Gone
  if (folder >= 0)
    taken =
        snapshots_.take(folder, file.name, file.signature, [this] { return isStopping_.load(); });
  using Outcome = Snapshot::Outcome;
  if ((taken.outcome == Outcome::Gone || taken.outcome == Outcome::Refused) &&
      source_.isBetweenProcesses())
    return awaitProcess(file.name, file.signature), std::nullopt;
  switch (taken.outcome) {
    case Outcome::Taken:
      failpoint("intake.snapshot.after");
      if (!taken.hadLease) tellMissingLease(*origin.folder);
      return RecordedFile{file.name, std::move(taken.blob), taken.signature, origin.attributesJson};
    case Outcome::Busy:
      ++status_.lock()->retaken;
      files_.lock()->postpone(file.name, file.signature, ArrivingReason::Open, retryTime());
      break;
    case Outcome::Changed:
      ++status_.lock()->retaken;
      lookAt(file.name, *origin.folder);
      files_.lock()->postpone(file.name, file.signature, ArrivingReason::Changed, retryTime());
      break;
    case Outcome::Gone:
      forget(file.name);
      break;
    case Outcome::Refused:
      refuse(file.name, file.signature, taken.reason);
      break;
    case Outcome::Stopped:
      break;
  }
  return std::nullopt;
}

bool Intake::record(const RecordBatch& batch) {
  const RecordResult result = recorder_.record(batch);
  if (!result.isHolder) return false;
  if (batch.cursor) storedCursor_ = *batch.cursor;
  if (!ready_.empty()) {
    ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(batch.files.size()));
  } else {
    for (const RecordedFile& file : batch.files) {
      known_.note(file.name, file.signature);
      forget(file.name);
    }
  }
  auto status = status_.lock();
  for (const RecordOutcome outcome : result.outcomes) {
    ++(outcome == RecordOutcome::Recorded ? status->recorded : status->unchanged);
  }
  return true;
}

void Intake::refuse(const std::string& name, const StatSignature& signature,
                    const std::string& reason) {
  if (signature == StatSignature{}) return refuseName(name, reason);
  if (!known_.isKnown(name, signature)) {
    recorder_.refused(settings_.queue, printableName(name), reason);
    ++status_.lock()->refused;
    known_.note(name, signature);
  }
  forget(name);
}

/// For names of files that cannot be read; they have no signature.
void Intake::refuseName(const std::string& name, const std::string& reason) {
  const std::size_t key = std::hash<std::string>{}(name + '\0' + reason);
  if (!refusedNames_.contains(key)) {
    recorder_.refused(settings_.queue, printableName(name), reason);
    ++status_.lock()->refused;
    if (refusedNames_.size() >= kMostRefusedNames) refusedNames_.clear();
    refusedNames_.insert(key);
  }
  forget(name);
}

void Intake::forget(const std::string& name) {
  files_.lock()->forget(name);
  origins_.erase(name);
}

void Intake::tellMissingLease(const std::string& folder) {
  if (toldMissingLease_) return;
  JsonWriter body;
  body.object()
      .member("message", "No read leases in " + folder +
                             ": only the quiet period (stable_for) and a look before and after the "
                             "copy guard against a file that is still being written.")
      .member("folder", folder)
      .end();
  recorder_.sourceEvent(settings_.queue, "source_without_leases", "info", body.take());
  toldMissingLease_ = true;
}

int Intake::folderFd(const std::string& folder) {
  UniqueFd& fd = folders_[folder];
  if (!fd) fd = snapshots_.openFolder(folder, settings_.roots);
  return fd.get();
}

std::size_t Intake::backlog() {
  return ready_.size() + files_.lock()->countDue(kRecordBatch);
}

/// Usually the source reports that a file was closed. This is for files of which it reports
/// nothing.
std::chrono::nanoseconds Intake::retryTime() const {
  return std::clamp<std::chrono::nanoseconds>(settings_.stableFor, 50ms, 1s);
}

std::chrono::nanoseconds Intake::timeToNextStep() {
  if (!ready_.empty()) return 0ns;
  SteadyTime next = source_.nextAt();
  if (const auto deadline = files_.lock()->nextDeadline()) next = std::min(next, *deadline);
  return std::clamp<std::chrono::nanoseconds>(next - clock_.steady(), 0ns, kLongestWait);
}

void Intake::waitForSign(std::chrono::nanoseconds time) {
  struct pollfd signs[] = {{wakeFd_.get(), POLLIN, 0}, {source_.fd(), POLLIN, 0}};
  if (!wasHolder_) signs[1].fd = -1;  // readable or not, it has to wait
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  const struct timespec limit { seconds.count(), (time - seconds).count() };
  if (::ppoll(signs, 2, &limit, nullptr) <= 0 || signs[0].revents == 0) return;
  std::uint64_t wakes = 0;
  [[maybe_unused]] const ssize_t n = ::read(wakeFd_.get(), &wakes, sizeof wakes);
}

}  // namespace planwright
