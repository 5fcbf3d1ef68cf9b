#include "programs/call_filter.h"

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace planwright::call_filter_test {
namespace {

/// What the filter answers, worked out as the kernel would (classic BPF): nothing here depends on
/// what this kernel allows.
class Machine {
 public:
  explicit Machine(const std::string& code)
      : code_(reinterpret_cast<const sock_filter*>(code.data())),
        size_(code.size() / sizeof(sock_filter)) {}

  std::uint32_t answer(const seccomp_data& call) const {
    std::uint32_t word = 0;
    for (std::size_t at = 0; at < size_; ++at) {
      const sock_filter& step = code_[at];
      switch (step.code) {
        case BPF_LD | BPF_W | BPF_ABS:
          std::memcpy(&word, reinterpret_cast<const char*>(&call) + step.k, sizeof word);
          break;
        case BPF_ALU | BPF_AND | BPF_K:
          word &= step.k;
          break;
        case BPF_JMP | BPF_JA:
          at += step.k;
          break;
        case BPF_JMP | BPF_JEQ | BPF_K:
          at += word == step.k ? step.jt : step.jf;
          break;
        case BPF_JMP | BPF_JGT | BPF_K:
          at += word > step.k ? step.jt : step.jf;
          break;
        case BPF_JMP | BPF_JGE | BPF_K:
          at += word >= step.k ? step.jt : step.jf;
          break;
        case BPF_JMP | BPF_JSET | BPF_K:
          at += (word & step.k) != 0 ? step.jt : step.jf;
          break;
        case BPF_RET | BPF_K:
          return step.k;
        default:
          ADD_FAILURE() << "instruction " << step.code << " is new here";
          return 0;
      }
    }
    ADD_FAILURE() << "the filter has no end";
    return 0;
  }

 private:
  const sock_filter* code_;
  std::size_t size_;
};

#if defined(__x86_64__)
constexpr std::uint32_t kOurs = AUDIT_ARCH_X86_64;
constexpr std::uint32_t kForeign = AUDIT_ARCH_I386;
#else
constexpr std::uint32_t kOurs = AUDIT_ARCH_AARCH64;
constexpr std::uint32_t kForeign = AUDIT_ARCH_ARM;
#endif
constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint64_t kHigh = std::uint64_t{1} << 32;  // a bit that the kernel does not read

constexpr std::uint32_t refusal(int error) {
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
}

struct Call {
  long number = 0;
  std::uint64_t a = 0, b = 0, c = 0;
  std::uint32_t processor = kOurs;
};

std::uint32_t answer(const Call& call, const CallFilter& wish = {}) {
  const std::string code = callFilter(wish);
  seccomp_data data{};
  data.nr = static_cast<int>(call.number);
  data.arch = call.processor;
  data.args[0] = call.a;
  data.args[1] = call.b;
  data.args[2] = call.c;
  return Machine(code).answer(data);
}

TEST(CallFilter, RefusesWhatBuildsDoNotNeed) {
  for (const long number : {SYS_mount,
                            SYS_umount2,
                            SYS_pivot_root,
                            SYS_chroot,
                            SYS_reboot,
                            SYS_init_module,
                            SYS_finit_module,
                            SYS_kexec_load,
                            SYS_bpf,
                            SYS_perf_event_open,
                            SYS_add_key,
                            SYS_keyctl,
                            SYS_userfaultfd,
                            SYS_setns,
                            SYS_unshare,
                            SYS_open_by_handle_at,
                            SYS_io_uring_setup,
                            SYS_io_uring_enter,
                            SYS_io_uring_register,
                            SYS_settimeofday,
                            SYS_clock_settime,
                            SYS_sethostname,
                            SYS_syslog,
                            SYS_fsopen,
                            SYS_move_mount,
                            SYS_open_tree,
                            SYS_pidfd_getfd})
    EXPECT_EQ(answer({number}), refusal(EPERM)) << "call " << number;
  for (const long number : {SYS_read, SYS_write, SYS_openat, SYS_execve, SYS_mmap, SYS_ptrace,
                            SYS_exit_group, SYS_socketpair})
    EXPECT_EQ(answer({number}), kAllow) << "call " << number;
}

TEST(CallFilter, RefusesEveryCallInAnotherProcessorsManner) {
  EXPECT_EQ(answer({.number = SYS_read, .processor = kForeign}), refusal(EPERM));
  EXPECT_EQ(answer({.number = SYS_mount, .processor = kForeign}), refusal(EPERM));
#if defined(__x86_64__)
  constexpr long kX32 = 0x4000'0000;  // the same calls under other numbers
  EXPECT_EQ(answer({kX32 | SYS_read}), refusal(EPERM));
  EXPECT_EQ(answer({kX32 | SYS_mount}), refusal(EPERM));
#endif
}

TEST(CallFilter, KeepsTheTagWhateverStandsInBitsThatTheKernelIgnores) {
#ifdef SYS_setrlimit
  EXPECT_EQ(answer({SYS_setrlimit, RLIMIT_RTTIME}), refusal(EPERM));
  EXPECT_EQ(answer({SYS_setrlimit, RLIMIT_RTTIME | kHigh}), refusal(EPERM));
  EXPECT_EQ(answer({SYS_setrlimit, RLIMIT_NOFILE}), kAllow);
#endif
  EXPECT_EQ(answer({SYS_prlimit64, 0, RLIMIT_RTTIME, 1}), refusal(EPERM));
  EXPECT_EQ(answer({SYS_prlimit64, 0, RLIMIT_RTTIME | kHigh, 1}), refusal(EPERM));
  EXPECT_EQ(answer({SYS_prlimit64, 0, RLIMIT_RTTIME, kHigh}), refusal(EPERM)) << "a pointer";
  EXPECT_EQ(answer({SYS_prlimit64, 0, RLIMIT_RTTIME, 0}), kAllow) << "it only reads";
  EXPECT_EQ(answer({SYS_prlimit64, 0, RLIMIT_NOFILE, 1}), kAllow);
}

TEST(CallFilter, RefusesANewUserNamespaceOnly) {
  EXPECT_EQ(answer({SYS_clone, CLONE_NEWUSER | SIGCHLD}), refusal(EPERM));
  EXPECT_EQ(answer({SYS_clone, CLONE_VM | CLONE_THREAD}), kAllow);
  EXPECT_EQ(answer({SYS_clone3}), refusal(ENOSYS)) << "so that libc uses clone";
}

TEST(CallFilter, RefusesSocketsIfAsked) {
  EXPECT_EQ(answer({SYS_socket}), kAllow);
  const CallFilter none{.refusesSockets = true}, noUnix{.refusesUnixSockets = true};
  EXPECT_EQ(answer({SYS_socket, AF_INET}, none), refusal(EACCES));
  EXPECT_EQ(answer({SYS_mount}, none), refusal(EPERM));
  EXPECT_EQ(answer({SYS_socket, AF_UNIX}, noUnix), refusal(EACCES));
  EXPECT_EQ(answer({SYS_socket, AF_UNIX | kHigh}, noUnix), refusal(EACCES));
  EXPECT_EQ(answer({SYS_socket, AF_INET}, noUnix), kAllow);
  EXPECT_EQ(answer({SYS_socket, AF_INET6}, noUnix), kAllow);
}

/// They may be the host's, where programs are the same user.
TEST(CallFilter, LeavesLimitsAndPrioritiesOfOthersAloneIfAsked) {
  const CallFilter alone{.refusesOthers = true};
  constexpr long kPid = 4711;
  constexpr std::uint64_t kIoProcess = 1, kIoUser = 3;
  for (const long number :
       {SYS_sched_setaffinity, SYS_sched_setattr, SYS_sched_setparam, SYS_sched_setscheduler}) {
    EXPECT_EQ(answer({number, kPid}, alone), refusal(EPERM)) << number;
    EXPECT_EQ(answer({number, 0}, alone), kAllow) << number;
    EXPECT_EQ(answer({number, kPid}), kAllow) << number;
  }
  EXPECT_EQ(answer({SYS_prlimit64, kPid, RLIMIT_NOFILE, 1}, alone), refusal(EPERM));
  EXPECT_EQ(answer({SYS_prlimit64, kPid, RLIMIT_NOFILE, 0}, alone), kAllow) << "it only reads";
  EXPECT_EQ(answer({SYS_prlimit64, 0, RLIMIT_NOFILE, 1}, alone), kAllow);
  EXPECT_EQ(answer({SYS_prlimit64, 0, RLIMIT_RTTIME, 1}, alone), refusal(EPERM));
  EXPECT_EQ(answer({SYS_setpriority, PRIO_PROCESS, kPid}, alone), refusal(EPERM));
  EXPECT_EQ(answer({SYS_setpriority, PRIO_USER, 0}, alone), refusal(EPERM)) << "all that it runs";
  EXPECT_EQ(answer({SYS_setpriority, PRIO_PROCESS, 0}, alone), kAllow);
  EXPECT_EQ(answer({SYS_ioprio_set, kIoProcess, kPid}, alone), refusal(EPERM));
  EXPECT_EQ(answer({SYS_ioprio_set, kIoUser, 0}, alone), refusal(EPERM));
  EXPECT_EQ(answer({SYS_ioprio_set, kIoProcess, 0}, alone), kAllow);
}

}  // namespace
}  // namespace planwright::call_filter_test
