#include "building/job_line.h"

#include <algorithm>
#include <utility>

namespace planwright {

void JobLine::wasRead(const JobPlace& place) {
  const auto at = builds_.find(number(place.build));
  if (at == builds_.end() || at->second->graph().status(place.position) != JobStatus::Ready) return;
  if (!at->second->isHeld(place.position)) return;  // of an earlier claim
  at->second->hold(place.position, false);
  wereRead_.push_back(place);
  places_.push_back(place);
}

void JobLine::addFreed() {
  for (const auto& place : pool_.takeFreed()) {
    const auto at = builds_.find(number(place.build));
    if (at != builds_.end() && at->second->graph().status(place.position) == JobStatus::Ready &&
        !at->second->isHeld(place.position))
      places_.push_back(place);
  }
}

void JobLine::readDurations() {
  std::vector<std::shared_ptr<const PlanDocument>> documents;
  for (const auto id : opened_)
    if (const auto at = builds_.find(number(id)); at != builds_.end())
      documents.push_back(at->second->document());
  if (const auto seconds = store_.durations(documents); !seconds.empty())
    for (const auto id : opened_)
      if (const auto at = builds_.find(number(id)); at != builds_.end())
        at->second->expect(seconds);
  opened_.clear();
}

CachedAnswers JobLine::moveOn() {
  const auto places = std::exchange(places_, {});
  const auto wereRead = std::exchange(wereRead_, {});
  CachedAnswers answers = store_.cached(builds_, places);
  // What is still unread after a read cannot be read now: the job runs.
  std::erase_if(answers.unread, [&](const UnreadResult& unread) {
    return std::find(wereRead.begin(), wereRead.end(), unread.place) != wereRead.end();
  });
  const auto hold = [this](const JobPlace& place) {
    builds_.at(number(place.build))->hold(place.position);
  };
  for (const auto& unread : answers.unread) hold(unread.place);
  for (const auto& result : answers.ends) hold({result.build, result.position});
  for (const auto& place : places) {
    const auto at = builds_.find(number(place.build));
    if (at != builds_.end() && !at->second->isHeld(place.position))
      pool_.add(*at->second, place.position);
  }
  return answers;
}

void JobLine::forgetAll() {
  opened_.clear();
  places_.clear();
  wereRead_.clear();
}

}  // namespace planwright
