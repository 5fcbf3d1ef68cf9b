#include "programs/call_filter.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/resource.h>
#include <sys/syscall.h>

namespace planwright {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kProcessor = AUDIT_ARCH_X86_64;
constexpr std::uint32_t kForeignCalls = 0x4000'0000;  // x32: the same calls under other numbers
#elif defined(__aarch64__)
constexpr std::uint32_t kProcessor = AUDIT_ARCH_AARCH64;
constexpr std::uint32_t kForeignCalls = 0;
#else
constexpr std::uint32_t kProcessor = 0;
constexpr std::uint32_t kForeignCalls = 0;
#endif

constexpr int kRefused[] = {SYS_mount,
                            SYS_umount2,
                            SYS_pivot_root,
                            SYS_chroot,
                            SYS_swapon,
                            SYS_swapoff,
                            SYS_reboot,
                            SYS_init_module,
                            SYS_finit_module,
                            SYS_delete_module,
                            SYS_kexec_load,
                            SYS_bpf,
                            SYS_perf_event_open,
                            SYS_add_key,
                            SYS_request_key,
                            SYS_keyctl,
                            SYS_userfaultfd,
                            SYS_setns,
                            SYS_unshare,
                            SYS_open_by_handle_at,
                            SYS_io_uring_setup,
                            SYS_io_uring_enter,
                            SYS_io_uring_register,
                            SYS_acct,
                            SYS_quotactl,
                            SYS_settimeofday,
                            SYS_clock_settime,
                            SYS_sethostname,
                            SYS_syslog,
                            SYS_fsopen,
                            SYS_fsmount,
                            SYS_move_mount,
                            SYS_open_tree,
                            SYS_pidfd_getfd};

using Code = std::vector<sock_filter>;

constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;

void loadWord(Code& code, std::size_t offset) {
  code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
}
void answer(Code& code, std::uint32_t value) {
  code.push_back(BPF_STMT(BPF_RET | BPF_K, value));
}
/// Unless the loaded word is `value`, goes on behind the next `count` instructions.
void skipUnless(Code& code, std::uint32_t value, std::uint8_t count) {
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count));
}

/// The low word of an argument; the processors above are little-endian.
std::size_t argument(std::size_t index) {
  return offsetof(seccomp_data, args) + index * sizeof(std::uint64_t);
}

/// Refuses `call` where its argument is the resource that carries the tag.
void keepTag(Code& code, int call, std::size_t index) {
  skipUnless(code, static_cast<std::uint32_t>(call), 4);
  loadWord(code, argument(index));
  skipUnless(code, RLIMIT_RTTIME, 1);
  answer(code, kRefuse);
  loadWord(code, offsetof(seccomp_data, nr));
}

}  // namespace

std::string callFilter(const CallFilter& wish) {
  Code code;
  if (kProcessor == 0) return {};
  loadWord(code, offsetof(seccomp_data, arch));
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kProcessor, 1, 0));
  answer(code, kRefuse);
  loadWord(code, offsetof(seccomp_data, nr));
  if (kForeignCalls != 0) {
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kForeignCalls, 0, 1));
    answer(code, kRefuse);
  }
  for (const int call : kRefused) {
    skipUnless(code, static_cast<std::uint32_t>(call), 1);
    answer(code, kRefuse);
  }
#ifdef SYS_setrlimit
  keepTag(code, SYS_setrlimit, 0);
#endif
  // prlimit64 also reads limits: only one with a new value is refused. Its pointer's high word
  // alone may be zero, so both words are looked at.
  skipUnless(code, SYS_prlimit64, 8);
  loadWord(code, argument(1));
  skipUnless(code, RLIMIT_RTTIME, 5);
  loadWord(code, argument(2));
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2));
  loadWord(code, argument(2) + 4);
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0));
  answer(code, kRefuse);
  loadWord(code, offsetof(seccomp_data, nr));
  // A new user namespace would bring back what was dropped. clone3 hides its flags behind a
  // pointer: "no such call" makes libc use clone.
  skipUnless(code, SYS_clone3, 1);
  answer(code, SECCOMP_RET_ERRNO | ENOSYS);
  constexpr std::uint32_t kNewUser = 0x1000'0000;  // CLONE_NEWUSER
  skipUnless(code, SYS_clone, 4);
  loadWord(code, argument(0));
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kNewUser, 0, 1));
  answer(code, kRefuse);
  loadWord(code, offsetof(seccomp_data, nr));
  if (wish.refusesSockets) {
    skipUnless(code, SYS_socket, 1);
    answer(code, SECCOMP_RET_ERRNO | EACCES);
  }
  answer(code, SECCOMP_RET_ALLOW);
  return {reinterpret_cast<const char*>(code.data()), code.size() * sizeof(sock_filter)};
}

}  // namespace planwright
