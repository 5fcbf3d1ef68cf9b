#include "store/job_cache.h"

#include <map>
#include <unordered_set>

#include "base/json.h"
#include "store/pg_array.h"

namespace planwright {

JobCache::Known JobCache::known(const std::vector<std::string>& digests) {
  Known known;
  if (digests.empty()) return known;
  const Rows rows = connection_.run("find_blobs", {PgArray::of(digests)});
  for (std::size_t i = 0; i < rows.size(); ++i)
    known[rows.text(i, "digest")] = rows.flag(i, "is_open");
  return known;
}

bool JobCache::isLost(const std::string& digest, const Known& known) const {
  const auto at = known.find(digest);
  if (at == known.end()) return true;
  const auto parsed = Digest::parse(digest);
  return !parsed || (at->second && !blobs_.open(*parsed));
}

std::vector<std::string> JobCache::lost(const std::vector<std::string>& digests) {
  std::vector<std::string> gone;
  const Known there = known(digests);
  for (const auto& digest : digests)
    if (isLost(digest, there)) gone.push_back(digest);
  return gone;
}

std::unordered_map<std::string, CacheAnswer> JobCache::find(const std::vector<std::string>& keys) {
  std::unordered_map<std::string, CacheAnswer> answers;
  const Rows rows = connection_.run("find_cached", {PgArray::of(keys)});
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> outputs;
  std::unordered_set<std::string> digests;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CacheEntry& entry = answers[rows.text(i, "key")].entry;
    entry.key = rows.text(i, "key");
    entry.isGood = rows.flag(i, "good");
    entry.failureClass = rows.text(i, "class");
    entry.exitCode = static_cast<int>(rows.number(i, "exit_code"));
    entry.error = rows.text(i, "error");
    entry.outputsJson = rows.text(i, "outputs");
    entry.plan = rows.number(i, "plan_id");
    entry.job = rows.number(i, "job_id");
    entry.isSealed = rows.flag(i, "sealed");
    const auto list = parseJson(entry.outputsJson);
    if (!list || !list->IsArray()) continue;
    for (const auto& output : list->GetArray()) {
      outputs[entry.key].emplace_back(textOr(output, "name"), textOr(output, "digest"));
      digests.insert(textOr(output, "digest"));
    }
  }
  const Known there = known({digests.begin(), digests.end()});
  std::unordered_map<std::string, Digest> unread;
  std::unordered_set<std::string> isGone;
  for (const auto& digest : digests) {
    const auto at = there.find(digest);
    const auto parsed = Digest::parse(digest);
    if (at != there.end() && at->second && parsed && !blobs_.isOpenedAtOnce(*parsed))
      unread.emplace(digest, *parsed);
    else if (isLost(digest, there))
      isGone.insert(digest);
  }
  for (const auto& [key, files] : outputs) {
    CacheAnswer& answer = answers[key];
    for (const auto& [name, digest] : files) {
      if (isGone.contains(digest)) answer.lost += (answer.lost.empty() ? "" : ", ") + name;
      if (const auto at = unread.find(digest); at != unread.end())
        answer.unread.push_back(at->second);
    }
    if (!answer.lost.empty()) answer.unread.clear();  // it is of no use anyway
  }
  return answers;
}

std::unordered_map<std::string, std::vector<std::string>> JobCache::latest(
    const std::string& queue, const std::vector<std::string>& names) {
  std::unordered_map<std::string, std::vector<std::string>> parts;
  const Rows rows = connection_.run("latest_cached", {queue, PgArray::of(names)});
  for (std::size_t i = 0; i < rows.size(); ++i)
    parts[rows.text(i, "name")].push_back(rows.text(i, "parts"));
  return parts;
}

void JobCache::record(const std::vector<CacheEntry>& entries) {
  PgArray keys, queues, names, parts, goods, classes, codes, errors, outputs, plans, jobs, lasts,
      sealed;
  for (const auto& entry : entries) {
    keys.add(entry.key);
    queues.add(entry.queue);
    names.add(entry.name);
    parts.add(entry.partsJson);
    goods.add(std::int64_t{entry.isGood ? 1 : 0});
    classes.add(entry.failureClass);
    codes.add(std::int64_t{entry.exitCode});
    errors.add(entry.error);
    outputs.add(entry.outputsJson);
    plans.add(entry.plan);
    jobs.add(entry.job);
    lasts.add(static_cast<double>(entry.lasts.count()) / 1000);
    sealed.add(std::int64_t{entry.isSealed ? 1 : 0});
  }
  connection_.run("record_cached",
                  {keys.take(), queues.take(), names.take(), parts.take(), goods.take(),
                   classes.take(), codes.take(), errors.take(), outputs.take(), plans.take(),
                   jobs.take(), lasts.take(), sealed.take()});
}

}  // namespace planwright
