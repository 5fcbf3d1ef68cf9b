#include "tickets/redis_tickets.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include "base/failpoints.h"
#include "base/unavailable.h"

namespace planwright {
namespace {

struct FreeContext {
  void operator()(redisContext* c) const noexcept { redisFree(c); }
};
struct FreeReply {
  void operator()(void* r) const noexcept { freeReplyObject(r); }
};
using Context = std::unique_ptr<redisContext, FreeContext>;
using Reply = std::unique_ptr<redisReply, FreeReply>;

struct Address {
  bool isUnix = false;
  std::string host = "127.0.0.1";  ///< or the socket's path
  int port = 6379;
  int db = 0;
};

int toInt(std::string_view text, const std::string& url) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw std::invalid_argument(fmt::format("redis address {}: '{}' is not a number", url, text));
  return value;
}

/// redis://host[:port][/db] or unix:/path[?db=N]
Address parseAddress(const std::string& url) {
  Address address;
  std::string_view rest(url);
  if (rest.starts_with("unix:")) {
    rest.remove_prefix(5);
    address.isUnix = true;
    if (const auto query = rest.find("?db="); query != std::string_view::npos) {
      address.db = toInt(rest.substr(query + 4), url);
      rest = rest.substr(0, query);
    }
    address.host = rest;
    return address;
  }
  if (!rest.starts_with("redis://"))
    throw std::invalid_argument(
        fmt::format("redis address {}: use redis://host:port/db or unix:/path", url));
  rest.remove_prefix(8);
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    if (slash + 1 < rest.size()) address.db = toInt(rest.substr(slash + 1), url);
    rest = rest.substr(0, slash);
  }
  if (const auto colon = rest.rfind(':'); colon != std::string_view::npos) {
    address.port = toInt(rest.substr(colon + 1), url);
    rest = rest.substr(0, colon);
  }
  if (!rest.empty()) address.host = rest;
  return address;
}

// A Redis that hangs is found out this soon. No command of ours takes nearly as long; a blocking
// pop ends well before, or an id popped at that moment would be lost until reconcile.
constexpr timeval kSocketTimeout{1, 0};
constexpr std::chrono::milliseconds kLongestWait{500};
constexpr std::size_t kPage = 10'000;  // ids in one command

}  // namespace

struct RedisTickets::State {
  Context context;

  /// Sends one command and gives its answer; nullptr when the connection broke.
  Reply command(const std::vector<std::string>& words) {
    std::vector<const char*> argv;
    std::vector<std::size_t> lengths;
    for (const auto& word : words) {
      argv.push_back(word.data());
      lengths.push_back(word.size());
    }
    return Reply(static_cast<redisReply*>(redisCommandArgv(
        context.get(), static_cast<int>(argv.size()), argv.data(), lengths.data())));
  }
};

RedisTickets::RedisTickets(std::string url, ServiceState* state)
    : url_(std::move(url)),
      service_(state) {
  parseAddress(url_);
}
RedisTickets::~RedisTickets() = default;

void RedisTickets::open() {
  const Address address = parseAddress(url_);
  Context context(
      address.isUnix ? redisConnectUnixWithTimeout(address.host.c_str(), kSocketTimeout)
                     : redisConnectWithTimeout(address.host.c_str(), address.port, kSocketTimeout));
  if (!context || context->err) {
    const std::string why = fmt::format("Redis cannot be reached at {}: {}", url_,
                                        context ? context->errstr : "no memory");
    if (service_) service_->lost(why);
    throw Unavailable(why);
  }
  redisSetTimeout(context.get(), kSocketTimeout);
  state_ = std::make_unique<State>(State{std::move(context)});
  if (address.db != 0) state_->command({"SELECT", std::to_string(address.db)});
}

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
  if (service_ && service_->isAway()) {
    state_.reset();
    throw Unavailable(service_->problem());
  }
  if (!state_) open();
  const Reply reply = state_->command(words);
  if (reply && reply->type != REDIS_REPLY_ERROR) return read(*reply);
  const std::string why = fmt::format(
      "Redis: {} failed: {}", words.front(),
      reply ? std::string(reply->str, reply->len) : std::string(state_->context->errstr));
  state_.reset();
  if (!reply && service_) service_->lost(why);  // else it serves, but not this
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

void RedisTickets::ping() {
  withReply({"PING"}, [](const redisReply&) { return true; });
}

}  // namespace planwright
