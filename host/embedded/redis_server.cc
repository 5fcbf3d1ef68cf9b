#include "embedded/redis_server.h"

#include <csignal>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/redis_url.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr const char* kRedis = "redis";

fs::path findProgram() {
  for (const char* file : {"/usr/bin/redis-server", "/usr/local/bin/redis-server"})
    if (fs::exists(file)) return file;
  throw std::runtime_error(
      "no Redis server is installed (Debian: apt-get install redis-server), or name an existing "
      "one with "
      "`redis:` in the config");
}

/// +PONG; while it still loads its file, Redis accepts connections but answers -LOADING.
bool answersPing(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{0, 200'000};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return false;
  constexpr std::string_view kPing = "PING\r\n";
  if (::send(fd.get(), kPing.data(), kPing.size(), MSG_NOSIGNAL) < 0) return false;
  char answer[16];
  const ssize_t n = ::recv(fd.get(), answer, sizeof answer, 0);
  return n > 0 && std::string_view(answer, static_cast<std::size_t>(n)).starts_with("+PONG");
}

}  // namespace

RedisServer::RedisServer(const ServiceFolders& folders, Options options)
    : folders_(folders),
      options_(options),
      account_(serviceAccount(kRedis)) {}

void RedisServer::prepare() {
  makePrivateFolder(folders_.of(kRedis), account_);
  makePrivateFolder(folders_.socketsOf(kRedis), account_);
  const fs::path closed = closedFolder(folders_.of(kRedis), account_);
  if (!closed.empty())
    throw std::runtime_error("the private redis runs as another user than root, and " +
                             closed.string() +
                             " is closed to it; choose a data folder elsewhere with --data");
}

ServerSpec RedisServer::spec() const {
  ServerSpec spec;
  spec.name = kRedis;
  spec.processName = "redis-server";
  spec.folder = folders_.of(kRedis);
  spec.staleFiles = {socket()};
  spec.command.argv = {findProgram(),
                       "--port",
                       "0",
                       "--unixsocket",
                       socket(),
                       "--unixsocketperm",
                       "700",
                       "--dir",
                       folders_.of(kRedis),
                       "--appendonly",
                       "yes",
                       "--appendfsync",
                       "everysec",
                       "--save",
                       "",
                       "--maxmemory-policy",
                       "noeviction",
                       "--databases",
                       std::to_string(options_.databases),
                       "--daemonize",
                       "no",
                       "--logfile",
                       "",
                       "--always-show-logo",
                       "no"};
  spec.command.account = account_;
  spec.command.deathSignal = SIGTERM;
  spec.command.logFile = folders_.log() / "redis.log";
  spec.answers = [path = socket()] { return answersPing(path); };
  spec.stopSteps = {{SIGTERM, milliseconds(15'000)}, {SIGKILL, milliseconds(5'000)}};
  return spec;
}

std::string RedisServer::url(int database) const {
  return "unix:" + RedisUrl::encodedPath(socket().string()) +
         (database == 0 ? "" : "?db=" + std::to_string(database));
}

}  // namespace planwright
