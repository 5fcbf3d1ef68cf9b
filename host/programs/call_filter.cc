#include "programs/call_filter.h"

#include <cerrno>
#include <cstdint>
#include <memory>
#include <system_error>

#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/files.h"
#include "base/unique_fd.h"

namespace planwright {
namespace {

constexpr int kRefused[] = {SCMP_SYS(mount),
                            SCMP_SYS(umount2),
                            SCMP_SYS(pivot_root),
                            SCMP_SYS(chroot),
                            SCMP_SYS(swapon),
                            SCMP_SYS(swapoff),
                            SCMP_SYS(reboot),
                            SCMP_SYS(init_module),
                            SCMP_SYS(finit_module),
                            SCMP_SYS(delete_module),
                            SCMP_SYS(kexec_load),
                            SCMP_SYS(bpf),
                            SCMP_SYS(perf_event_open),
                            SCMP_SYS(add_key),
                            SCMP_SYS(request_key),
                            SCMP_SYS(keyctl),
                            SCMP_SYS(userfaultfd),
                            SCMP_SYS(setns),
                            SCMP_SYS(unshare),
                            SCMP_SYS(open_by_handle_at),
                            SCMP_SYS(io_uring_setup),
                            SCMP_SYS(io_uring_enter),
                            SCMP_SYS(io_uring_register),
                            SCMP_SYS(acct),
                            SCMP_SYS(quotactl),
                            SCMP_SYS(settimeofday),
                            SCMP_SYS(clock_settime),
                            SCMP_SYS(sethostname),
                            SCMP_SYS(syslog),
                            SCMP_SYS(fsopen),
                            SCMP_SYS(fsmount),
                            SCMP_SYS(move_mount),
                            SCMP_SYS(open_tree),
                            SCMP_SYS(pidfd_getfd)};

struct Release {
  void operator()(void* filter) const noexcept { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

void check(int result) {
  if (result < 0) throw std::system_error(-result, std::generic_category(), "libseccomp");
}

template <typename... Arguments>
void refuse(const Filter& filter, int error, int call, Arguments... arguments) {
  check(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(static_cast<std::uint32_t>(error)), call,
                         sizeof...(arguments), arguments...));
}

/// What a process may do to itself (0), but not to others of its user. A thread is one of these, so
/// who asks for it by its number is refused, too.
void refuseOthers(const Filter& filter) {
  const auto isNot = [](unsigned index, scmp_datum_t value) {
    return scmp_arg_cmp{index, SCMP_CMP_NE, value, 0};
  };
  constexpr scmp_datum_t kOneProcess = 1;  // IOPRIO_WHO_PROCESS
  refuse(filter, EPERM, SCMP_SYS(prlimit64), isNot(0, 0), isNot(2, 0));
  for (const int call : {SCMP_SYS(sched_setaffinity), SCMP_SYS(sched_setattr),
                         SCMP_SYS(sched_setparam), SCMP_SYS(sched_setscheduler)})
    refuse(filter, EPERM, call, isNot(0, 0));
  refuse(filter, EPERM, SCMP_SYS(setpriority), isNot(0, PRIO_PROCESS));
  refuse(filter, EPERM, SCMP_SYS(setpriority), isNot(1, 0));
  refuse(filter, EPERM, SCMP_SYS(ioprio_set), isNot(0, kOneProcess));
  refuse(filter, EPERM, SCMP_SYS(ioprio_set), isNot(1, 0));
}

/// The kernel reads the low half of such an argument only, so a filter must not look at the other.
scmp_arg_cmp isHalf(unsigned index, std::uint32_t value) {
  return {index, SCMP_CMP_MASKED_EQ, 0xffff'ffff, value};
}

}  // namespace

std::string callFilter(const CallFilter& wish) {
  const Filter filter(seccomp_init(SCMP_ACT_ALLOW));
  if (!filter) return {};  // a processor that libseccomp does not know
  check(seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM)));
  for (const int call : kRefused) refuse(filter, EPERM, call);
  // The tag. prlimit64 also reads limits: only one with a new value is refused.
  refuse(filter, EPERM, SCMP_SYS(setrlimit), isHalf(0, RLIMIT_RTTIME));
  refuse(filter, EPERM, SCMP_SYS(prlimit64), isHalf(1, RLIMIT_RTTIME),
         scmp_arg_cmp{2, SCMP_CMP_NE, 0, 0});
  // A new user namespace would bring back what was dropped. clone3 hides its flags behind a
  // pointer: "no such call" makes libc use clone.
  refuse(filter, ENOSYS, SCMP_SYS(clone3));
  refuse(filter, EPERM, SCMP_SYS(clone),
         scmp_arg_cmp{0, SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER});
  if (wish.refusesSockets) refuse(filter, EACCES, SCMP_SYS(socket));
  if (wish.refusesUnixSockets) refuse(filter, EACCES, SCMP_SYS(socket), isHalf(0, AF_UNIX));
  if (wish.refusesOthers) refuseOthers(filter);

  const UniqueFd file(::memfd_create("filter", MFD_CLOEXEC));
  if (!file) throw std::system_error(errno, std::generic_category(), "memfd_create");
  check(seccomp_export_bpf(filter.get(), file.get()));
  ::lseek(file.get(), 0, SEEK_SET);
  return readAll(file.get());
}

}  // namespace planwright
