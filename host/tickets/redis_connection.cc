#include "tickets/redis_connection.h"

#include <chrono>

#include <fmt/format.h>

namespace planwright {
namespace {

// A Redis that hangs is found out this soon. No command of ours takes nearly as long; a blocking
// pop ends well before, or an id popped at that moment would be lost until reconcile.
constexpr std::chrono::seconds kPatience{1};

StreamSocket::Address addressOf(const RedisUrl& url) {
  return {url.host, url.isUnix ? 0 : url.port, url.isTls, url.caFile, url.certFile, url.keyFile};
}

}  // namespace

RedisConnection::RedisConnection(const RedisUrl& url) {
  mask_.add(url.password);
  try {
    socket_ = std::make_unique<StreamSocket>(addressOf(url), kPatience);
  } catch (const std::runtime_error& e) {
    throw RedisSilence(fmt::format("Redis cannot be reached at {}: {}", url.shown(), e.what()));
  }
  reader_.reset(redisReaderCreate());
  if (!url.password.empty()) {
    std::vector<std::string> words{"AUTH"};
    if (!url.user.empty()) words.push_back(url.user);
    words.push_back(url.password);
    command(words);
  }
  if (url.database != 0) command({"SELECT", std::to_string(url.database)});
}

RedisReply RedisConnection::command(const std::vector<std::string>& words) {
  RedisReply reply;
  try {
    reply = answer(words);
  } catch (const std::runtime_error& e) {
    throw RedisSilence(fmt::format("Redis: {} failed: {}", words.front(), e.what()));
  }
  if (reply->type == REDIS_REPLY_ERROR)
    throw RedisRefusal(fmt::format("Redis refuses {}: {}", words.front(),
                                   mask_.without(std::string_view(reply->str, reply->len))));
  return reply;
}

RedisReply RedisConnection::answer(const std::vector<std::string>& words) {
  std::vector<const char*> argv;
  std::vector<std::size_t> lengths;
  for (const auto& word : words) {
    argv.push_back(word.data());
    lengths.push_back(word.size());
  }
  char* text = nullptr;
  const int size =
      redisFormatCommandArgv(&text, static_cast<int>(argv.size()), argv.data(), lengths.data());
  if (size < 0) throw std::bad_alloc();
  const std::unique_ptr<char, decltype(&redisFreeCommand)> command(text, redisFreeCommand);
  socket_->write({text, static_cast<std::size_t>(size)});
  char buffer[16 * 1024];
  for (;;) {
    void* reply = nullptr;
    if (redisReaderGetReply(reader_.get(), &reply) != REDIS_OK)
      throw std::runtime_error(fmt::format("this is no Redis: {}", reader_->errstr));
    if (reply) return RedisReply(static_cast<redisReply*>(reply));
    redisReaderFeed(reader_.get(), buffer, socket_->read(buffer, sizeof buffer));
  }
}

}  // namespace planwright
