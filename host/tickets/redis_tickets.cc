#include "tickets/redis_tickets.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "base/failpoints.h"
#include "base/unavailable.h"
#include "tickets/redis_connection.h"

namespace planwright {
namespace {

constexpr std::chrono::milliseconds kLongestWait{500};
constexpr std::size_t kPage = 10'000;  // ids in one command
constexpr std::size_t kSaidAgain = 3;  // words of a refused command: it, its list, one id
constexpr const char* kProbe = "planwright:probe";

RedisUrl parsed(const std::string& url) {
  auto read = RedisUrl::parse(url);
  if (!read) throw std::invalid_argument(read.error().message);
  return std::move(*read);
}

}  // namespace

RedisTickets::RedisTickets(const std::string& url, RedisState* state)
    : url_(parsed(url)),
      state_(state) {}
RedisTickets::~RedisTickets() = default;

namespace {

std::vector<std::int64_t> idsOf(const redisReply& list) {
  std::vector<std::int64_t> ids;
  ids.reserve(list.elements);
  for (std::size_t i = 0; i < list.elements; ++i) {
    const redisReply& item = *list.element[i];
    std::int64_t id = 0;
    if (item.type == REDIS_REPLY_STRING &&
        std::from_chars(item.str, item.str + item.len, id).ec == std::errc())
      ids.push_back(id);
  }
  return ids;
}

}  // namespace

/// Runs `words` and hands the answer to `read`; any failure drops the connection and throws.
template <class Read>
auto RedisTickets::withReply(const std::vector<std::string>& words, Read read) {
  if (state_ && state_->service.isAway()) {
    connection_.reset();
    throw Unavailable(state_->service.problem());
  }
  try {
    if (!connection_) connection_ = std::make_unique<RedisConnection>(url_);
    return read(*connection_->command(words));
  } catch (const RedisSilence& e) {
    gaveUp(e.what(), {});
  } catch (const RedisRefusal& e) {
    gaveUp(e.what(), words);
  }
}

void RedisTickets::gaveUp(const std::string& why, std::vector<std::string> refused) {
  connection_.reset();
  if (state_) {
    const bool isPush = !refused.empty() && refused.front().ends_with("PUSH");
    // The probe's own says as much, and the mark of the tickets is not the probe's to set.
    if (!refused.empty() && refused.front() == "SETNX") refused.clear();
    if (isPush && refused.size() > kSaidAgain) refused.resize(kSaidAgain);
    *state_->refused.lock() = std::move(refused);
    state_->service.lost(why);
  }
  throw Unavailable(why);
}

std::int64_t RedisTickets::push(const std::string& list, const std::vector<std::int64_t>& ids) {
  std::int64_t length = 0;
  if (!ids.empty()) failpoint("push.before");
  for (std::size_t at = 0; at < ids.size(); at += kPage) {
    std::vector<std::string> words{"RPUSH", list};
    for (std::size_t i = at; i < std::min(at + kPage, ids.size()); ++i)
      words.push_back(std::to_string(ids[i]));
    length = withReply(words, [](const redisReply& r) { return r.integer; });
  }
  if (!ids.empty()) failpoint("push.after");
  return length;
}

void RedisTickets::putBack(const std::string& list, const std::vector<std::int64_t>& ids) {
  if (ids.empty()) return;
  std::vector<std::string> words{"LPUSH", list};
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) words.push_back(std::to_string(*id));
  withReply(words, [](const redisReply&) { return true; });
}

std::vector<std::int64_t> RedisTickets::pop(const std::string& list, std::size_t max,
                                            std::chrono::milliseconds wait) {
  const double seconds =
      static_cast<double>(std::clamp(wait, std::chrono::milliseconds(1), kLongestWait).count()) /
      1000;
  const std::vector<std::string> words{
      "BLMPOP", fmt::format("{:.3f}", seconds), "1", list, "LEFT", "COUNT", std::to_string(max)};
  return withReply(words, [](const redisReply& r) {
    return r.type == REDIS_REPLY_ARRAY && r.elements == 2 ? idsOf(*r.element[1])
                                                          : std::vector<std::int64_t>{};
  });
}

std::int64_t RedisTickets::length(const std::string& list) {
  return withReply({"LLEN", list}, [](const redisReply& r) { return r.integer; });
}

std::vector<std::int64_t> RedisTickets::all(const std::string& list) {
  // In pages, so that a long list costs 8 bytes an id; from the end, where nothing is popped
  // meanwhile: an id may come twice so, and none is missed.
  std::vector<std::int64_t> ids;
  for (std::size_t read = 0;; read += kPage) {
    const auto page = withReply({"LRANGE", list, std::to_string(-static_cast<long>(read + kPage)),
                                 std::to_string(-static_cast<long>(read) - 1)},
                                idsOf);
    ids.insert(ids.end(), page.rbegin(), page.rend());
    if (page.size() < kPage) break;
  }
  std::reverse(ids.begin(), ids.end());
  return ids;
}

bool RedisTickets::claimKey(const std::string& key, const std::string& value) {
  return withReply({"SETNX", key, value}, [](const redisReply& r) { return r.integer == 1; });
}

void RedisTickets::probe(const std::vector<std::string>& refused) {
  withReply({"SETNX", kProbe, "1"}, [](const redisReply&) { return true; });
  if (!refused.empty()) withReply(refused, [](const redisReply&) { return true; });
}

}  // namespace planwright
