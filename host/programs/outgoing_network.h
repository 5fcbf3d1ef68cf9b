#pragma once

#include <atomic>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/program.h"
#include "base/scratch_folder.h"
#include "base/unique_fd.h"

namespace planwright {

/// A network for one running program: packets reach other machines, none of this one's addresses,
/// and names are resolved. What carries them (network_maker.h) is a program of the keeper of its
/// own, so it counts as nobody's, and it ends with this. Owned by Sandbox for one run; one thread.
class OutgoingNetwork {
 public:
  /// `folder`: where it may keep a file.
  OutgoingNetwork(Programs& keeper, const std::string& folder);
  ~OutgoingNetwork();
  OutgoingNetwork(const OutgoingNetwork&) = delete;
  OutgoingNetwork& operator=(const OutgoingNetwork&) = delete;

  /// Returns when the network is there. Empty, or why it is not.
  std::string await(const std::stop_token& stop);
  /// Why it went away before its time; empty if it is still there. For a program that failed: it
  /// may have seen that before the keeper did, so a network that is there is waited for (1 s).
  std::string whyGone() const;

  /// To be entered in this order; owned by this.
  std::vector<int> namespaces() const;
  /// What is /etc/resolv.conf inside.
  std::string resolver() const { return (folder_.path() / "resolv.conf").string(); }

 private:
  std::string whatItSaid(const ProgramExit& exit) const;

  const ScratchFolder folder_;
  UniqueFd socket_, output_;
  std::vector<UniqueFd> namespaces_;
  std::string problem_;  // written by the thread, before:
  std::atomic<bool> isGone_{false};
  std::jthread thread_;
};

}  // namespace planwright
