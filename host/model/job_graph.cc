#include "model/job_graph.h"

#include <algorithm>
#include <array>
#include <utility>

namespace planwright {
namespace {

constexpr std::array<std::pair<JobStatus, std::string_view>, 9> kWords{
    {{JobStatus::Blocked, "blocked"},
     {JobStatus::Ready, "ready"},
     {JobStatus::Running, "running"},
     {JobStatus::Succeeded, "succeeded"},
     {JobStatus::Cached, "cached"},
     {JobStatus::Failed, "failed"},
     {JobStatus::TimedOut, "timed_out"},
     {JobStatus::DepFailed, "dep_failed"},
     {JobStatus::Cancelled, "cancelled"}}};

}  // namespace

std::string_view toText(JobStatus status) {
  return std::find_if(kWords.begin(), kWords.end(),
                      [&](const auto& w) { return w.first == status; })
      ->second;
}

JobStatus jobStatusFrom(std::string_view text) {
  const auto at =
      std::find_if(kWords.begin(), kWords.end(), [&](const auto& w) { return w.second == text; });
  return at == kWords.end() ? JobStatus::Blocked : at->first;
}

bool isGood(JobStatus status) {
  return status == JobStatus::Succeeded || status == JobStatus::Cached;
}

bool isFinal(JobStatus status) {
  return status != JobStatus::Blocked && status != JobStatus::Ready && status != JobStatus::Running;
}

JobGraph::JobGraph(const std::vector<std::vector<int>>& needs)
    : dependents_(needs.size()),
      waitingFor_(needs.size()),
      status_(needs.size(), JobStatus::Blocked),
      open_(static_cast<int>(needs.size())) {
  for (std::size_t job = 0; job < needs.size(); ++job) {
    waitingFor_[job] = static_cast<int>(needs[job].size());
    for (const int need : needs[job])
      dependents_[static_cast<std::size_t>(need)].push_back(static_cast<int>(job));
  }
}

std::vector<int> JobGraph::settle() {
  std::vector<int> changed;
  open_ = static_cast<int>(
      std::count_if(status_.begin(), status_.end(), [](JobStatus s) { return !isFinal(s); }));
  for (int job = 0; job < size(); ++job) {
    if (isGood(status(job)))
      for (const int next : dependents_[static_cast<std::size_t>(job)])
        --waitingFor_[static_cast<std::size_t>(next)];
  }
  for (int job = 0; job < size(); ++job)
    if (isFinal(status(job)) && !isGood(status(job))) failDependents(job, changed);
  for (int job = 0; job < size(); ++job)
    if (status(job) == JobStatus::Blocked && waitingFor_[static_cast<std::size_t>(job)] == 0) {
      again(job);
      changed.push_back(job);
    }
  return changed;
}

std::vector<int> JobGraph::finish(int job, JobStatus end) {
  std::vector<int> changed;
  status_[static_cast<std::size_t>(job)] = end;
  --open_;
  if (isGood(end))
    for (const int next : dependents_[static_cast<std::size_t>(job)]) unblock(next, changed);
  else
    failDependents(job, changed);
  return changed;
}

std::vector<int> JobGraph::redo(int job) {
  std::vector<int> changed;
  again(job);
  ++open_;
  for (const int next : dependents_[static_cast<std::size_t>(job)]) {
    ++waitingFor_[static_cast<std::size_t>(next)];
    if (status(next) != JobStatus::Ready) continue;
    block(next);
    changed.push_back(next);
  }
  return changed;
}

void JobGraph::unblock(int job, std::vector<int>& changed) {
  if (--waitingFor_[static_cast<std::size_t>(job)] > 0 || status(job) != JobStatus::Blocked) return;
  again(job);
  changed.push_back(job);
}

void JobGraph::failDependents(int job, std::vector<int>& changed) {
  std::vector<int> todo{job};  // a stack of its own: a chain may be 100,000 jobs long
  while (!todo.empty()) {
    const int failed = todo.back();
    todo.pop_back();
    for (const int next : dependents_[static_cast<std::size_t>(failed)]) {
      if (isFinal(status(next))) continue;
      status_[static_cast<std::size_t>(next)] = JobStatus::DepFailed;
      --open_;
      changed.push_back(next);
      todo.push_back(next);
    }
  }
}

std::vector<int> JobGraph::cancelWaiting() {
  std::vector<int> changed;
  for (int job = 0; job < size(); ++job) {
    if (isFinal(status(job)) || status(job) == JobStatus::Running) continue;
    status_[static_cast<std::size_t>(job)] = JobStatus::Cancelled;
    --open_;
    changed.push_back(job);
  }
  return changed;
}

int JobGraph::good() const {
  return static_cast<int>(std::count_if(status_.begin(), status_.end(), isGood));
}

}  // namespace planwright
