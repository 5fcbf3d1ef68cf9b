#include "intake/read_lease.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <signal.h>
#include <sys/vfs.h>

namespace planwright {
namespace {

/// Other machines, or a program, write there without opening the file in our kernel. (NFSv4 grants
/// leases by its delegations and says EAGAIN without one, which must not look like a writer.)
bool isRemote(int fd) {
  struct statfs info {};
  if (::fstatfs(fd, &info) != 0) return false;
  switch (static_cast<unsigned>(info.f_type)) {
    case 0x6969:      // NFS
    case 0xff534d42:  // CIFS
    case 0xfe534d42:  // SMB2
    case 0x517b:      // SMB
    case 0x65735546:  // FUSE
    case 0x01021997:  // 9p
    case 0x00c36400:  // Ceph
    case 0x0bd00bd0:  // Lustre
    case 0x47504653:  // GPFS
    case 0x01161970:  // GFS2
    case 0x7461636f:  // OCFS2
    case 0x5346414f:  // AFS
      return true;
    default:
      return false;
  }
}

ReadLease::State take(int fd) {
  if (isRemote(fd)) return ReadLease::State::Unsupported;
  // The signal of a break would be SIGIO, which ends a process by default. SIGURG is ignored by
  // default, so no handler has to be installed; we ask by F_GETLEASE instead.
  if (::fcntl(fd, F_SETSIG, SIGURG) != 0) return ReadLease::State::Unsupported;
  if (::fcntl(fd, F_SETLEASE, F_RDLCK) == 0) return ReadLease::State::Held;
  switch (errno) {
    case EAGAIN:
      return ReadLease::State::Busy;
    case EACCES:
    case EPERM:
      return ReadLease::State::NotAllowed;
    case ENOMEM:
    case ENOLCK:
      throw std::system_error(errno, std::generic_category(), "cannot take a read lease");
    default:
      return ReadLease::State::Unsupported;
  }
}

}  // namespace

ReadLease::ReadLease(int fd) : fd_(fd), state_(take(fd)), isReleased_(state_ != State::Held) {}

bool ReadLease::isUnbroken() const {
  return !isReleased_ && ::fcntl(fd_, F_GETLEASE) == F_RDLCK;
}

void ReadLease::release() {
  if (!isReleased_) ::fcntl(fd_, F_SETLEASE, F_UNLCK);
  isReleased_ = true;
}

}  // namespace planwright
