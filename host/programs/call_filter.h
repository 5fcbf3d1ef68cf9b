#pragma once

#include <string>

namespace planwright {

/// What a confined program may ask of the kernel.
struct CallFilter {
  bool refusesSockets = false;      ///< every socket(), also those of the host's services
  bool refusesUnixSockets = false;  ///< these only
  /// To change limits, priorities and processors of other processes: they may be the host's.
  bool refusesOthers = false;
};

/// The seccomp filter, an array of struct sock_filter as bytes: refuses (EPERM) what builds do not
/// need and attacks do: mounting, new namespaces, loading into the kernel, keys, io_uring (which is
/// a way around a filter), other processors' calls, and taking off the mark that tells us whose a
/// process is (RunTag). Empty on a processor that libseccomp does not know. Making it takes a tenth
/// of a millisecond, so it is kept.
std::string callFilter(const CallFilter& wish);

}  // namespace planwright
