#include "programs/network_tools.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace planwright {
namespace {

constexpr const char* kTunDevice = "/dev/net/tun";

bool isForRoot() {
  return ::geteuid() == 0;
}

std::string whyNoDevice() {
  const UniqueFd device(::open(kTunDevice, O_RDWR | O_CLOEXEC));
  if (device) return {};
  return std::string(kTunDevice) + " cannot be opened: " + std::generic_category().message(errno);
}

}  // namespace

NetworkTool NetworkTool::find() {
  const std::string name = isForRoot() ? "slirp4netns" : "pasta";
  NetworkTool tool;
  for (const char* folder : {"/usr/bin/", "/usr/local/bin/", "/bin/"})
    if (tool.program.empty() && ::access((folder + name).c_str(), X_OK) == 0)
      tool.program = folder + name;
  if (tool.program.empty()) {
    tool.problem = name + " is not installed";
    tool.package = isForRoot() ? "slirp4netns" : "passt";
  } else {
    tool.problem = whyNoDevice();
  }
  return tool;
}

std::vector<std::string> NetworkTool::words(pid_t target, const Prefix& network) const {
  if (isForRoot())
    return {program,
            "--configure",
            "--mtu=65520",
            "--disable-host-loopback",
            "--enable-sandbox",
            "--enable-seccomp",
            "--cidr=" + network.text(),
            std::to_string(target),
            "tap0"};
  return {program,
          "--config-net",
          "--no-netns-quit",  // whom it is made for holds the network, not who made it
          "--ipv4-only",
          "--no-map-gw",
          "--tcp-ports=none",
          "--udp-ports=none",
          "--tcp-ns=none",
          "--udp-ns=none",
          "--dns-forward",
          addressText(network.address + kResolver),
          "--foreground",
          "--stderr",
          "--quiet",
          std::to_string(target)};
}

}  // namespace planwright
