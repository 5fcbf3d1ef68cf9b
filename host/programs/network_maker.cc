#include "programs/network_maker.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "programs/keeper_protocol.h"
#include "programs/network_routes.h"
#include "programs/network_tools.h"

namespace planwright {
namespace {

constexpr const char* kResolvConf = "/etc/resolv.conf";

// Clouds keep the credentials of the machine at such an address.
constexpr Prefix kLinkLocal{0xa9fe0000, 16};

[[noreturn]] void makerFailed(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// The first of some that mean nothing to this machine.
Prefix freeNetwork(const Routes& host) {
  constexpr std::array<Prefix, 5> kNetworks = {{{0x0a000200, 24},    // 10.0.2.0
                                                {0x0afe0200, 24},    // 10.254.2.0
                                                {0xac1ffe00, 24},    // 172.31.254.0
                                                {0xc0a8fe00, 24},    // 192.168.254.0
                                                {0xc6336400, 24}}};  // 198.51.100.0
  const auto isFree = [&host](const Prefix& network) {
    const auto meets = [&network](const Prefix& route) { return route.overlaps(network); };
    return std::none_of(host.others.begin(), host.others.end(), meets) &&
           std::none_of(host.own.begin(), host.own.end(), meets);
  };
  const auto* found = std::find_if(kNetworks.begin(), kNetworks.end(), isFree);
  if (found == kNetworks.end()) throw std::runtime_error("no private network is free here");
  return *found;
}

/// The machine's own file, but with a resolver that is there inside: the machine's may be itself.
void writeResolver(const char* path, const std::string& resolver) {
  std::string text = "nameserver " + resolver + "\n";
  std::ifstream own(kResolvConf);
  for (std::string line; std::getline(own, line);)
    if (line.rfind("search", 0) == 0 || line.rfind("domain", 0) == 0 ||
        line.rfind("options", 0) == 0)
      text += line + "\n";
  const UniqueFd file(::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) makerFailed(std::string("cannot write ") + path);
  writeAll(file.get(), text);
}

void writeMap(const char* path, unsigned id) {
  const UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
  const std::string line = std::to_string(id) + " " + std::to_string(id) + " 1";
  if (!file || ::write(file.get(), line.data(), line.size()) < 0) makerFailed(path);
}

/// From here on this process has a network, and a view of the files, of its own.
void separate(const char* resolver) {
  const unsigned user = ::geteuid(), group = ::getegid();
  const bool isRoot = user == 0;
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS | (isRoot ? 0 : CLONE_NEWUSER)) != 0)
    makerFailed("cannot make a network namespace");
  if (!isRoot) {
    const UniqueFd groups(::open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC));
    if (!groups || ::write(groups.get(), "deny", 4) != 4) makerFailed("/proc/self/setgroups");
    writeMap("/proc/self/uid_map", user);
    writeMap("/proc/self/gid_map", group);
  }
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) makerFailed("cannot mount");
  if (::access(kResolvConf, F_OK) == 0 &&
      ::mount(resolver, kResolvConf, nullptr, MS_BIND, nullptr) != 0)
    makerFailed(std::string("cannot mount ") + kResolvConf);
}

/// In the new network: waits until packets have a way out, closes the ways to this machine, and
/// hands the namespaces over.
void handOver(std::vector<Prefix> closed) {
  RouteTable routes;
  routes.awaitDefault();
  closed.push_back(kLinkLocal);
  routes.prohibit(closed);
  std::vector<UniqueFd> namespaces;
  std::vector<int> fds;
  for (const char* name : {"user", "net", "mnt"}) {
    if (*name == 'u' && ::geteuid() == 0) continue;
    const std::string path = std::string("/proc/self/ns/") + name;
    namespaces.emplace_back(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!namespaces.back()) makerFailed(path);
    fds.push_back(namespaces.back().get());
  }
  if (!sendPacket(0, "ready", {}, fds)) makerFailed("cannot hand over the network");
}

int complain(const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}

/// Starts a process, not as our child, that makes the network and ends when it has handed it over.
/// Gives its pid once the network is there.
pid_t startMaker(const char* resolver, const std::vector<Prefix>& closed) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) makerFailed("pipe2");
  UniqueFd reading(ends[0]), writing(ends[1]);
  const pid_t between = ::fork();
  if (between < 0) makerFailed("fork");
  if (between == 0) {
    if (::fork() != 0) ::_exit(0);
    reading.reset();
    try {
      separate(resolver);
      const pid_t self = ::getpid();
      writeAll(writing.get(), bytesOf(self));
      writing.reset();
      handOver(closed);
    } catch (const std::exception& error) {
      ::_exit(complain(error));
    }
    ::_exit(0);
  }
  writing.reset();
  ::waitpid(between, nullptr, 0);
  const std::string told = readAll(reading.get());
  pid_t maker = -1;
  if (told.size() == sizeof maker)
    std::copy(told.begin(), told.end(), reinterpret_cast<char*>(&maker));
  return maker;
}

void becomeTool(const NetworkTool& tool, pid_t maker, const Prefix& network) {
  std::vector<std::string> words = tool.words(maker, network);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const UniqueFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ::dup2(nothing.get(), 0);
  ::dup2(nothing.get(), 1);
  ::execv(argv[0], argv.data());
  makerFailed("cannot run " + words[0]);
}

}  // namespace

int networkMain(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "is started by `planwright serve`, not by hand\n");
    return 2;
  }
  try {
    const NetworkTool tool = NetworkTool::find();
    if (!tool.problem.empty()) throw std::runtime_error(tool.problem);
    const Routes host = RouteTable().read();
    const Prefix network = freeNetwork(host);
    writeResolver(argv[2], addressText(network.address + NetworkTool::kResolver));
    const pid_t maker = startMaker(argv[2], host.own);
    if (maker < 0) return 1;  // it has said why
    becomeTool(tool, maker, network);
  } catch (const std::exception& error) {
    return complain(error);
  }
  return 1;
}

}  // namespace planwright
