#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <hiredis/hiredis.h>

#include "base/redis_url.h"
#include "base/secret_mask.h"
#include "base/stream_socket.h"

namespace planwright {

struct FreeReply {
  void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
};
using RedisReply = std::unique_ptr<redisReply, FreeReply>;

/// Nobody answered, or the connection broke.
struct RedisSilence : std::runtime_error {
  explicit RedisSilence(const std::string& why) : std::runtime_error(why) {}
};
/// Redis answered with an error, such as READONLY, OOM, NOREPLICAS, NOPERM, WRONGPASS or LOADING.
struct RedisRefusal : std::runtime_error {
  explicit RedisRefusal(const std::string& why) : std::runtime_error(why) {}
};

/// In tickets/ only: a connection that is logged in and at its database when the constructor
/// returns. Never waits longer than a second or so. After RedisSilence it is of no use any more. No
/// message says a password. One thread.
class RedisConnection {
 public:
  explicit RedisConnection(const RedisUrl& url);

  /// Sends one command and gives its answer, which is no error.
  RedisReply command(const std::vector<std::string>& words);

 private:
  struct FreeReader {
    void operator()(redisReader* reader) const noexcept { redisReaderFree(reader); }
  };
  RedisReply answer(const std::vector<std::string>& words);

  SecretMask mask_;
  std::unique_ptr<StreamSocket> socket_;
  std::unique_ptr<redisReader, FreeReader> reader_;
};

}  // namespace planwright
