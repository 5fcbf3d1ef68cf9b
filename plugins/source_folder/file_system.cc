#include "file_system.h"

#include <algorithm>
#include <iterator>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

namespace source_folder {
namespace {

// statfs(2) and the kernel's magic.h: NFS, CIFS, SMB2, SMB, FUSE, 9p, Ceph, Lustre, GPFS, GFS2,
// OCFS2, AFS
constexpr unsigned kRemote[] = {0x6969,     0xff534d42, 0xfe534d42, 0x517b,
                                0x65735546, 0x01021997, 0x00c36400, 0x0bd00bd0,
                                0x47504653, 0x01161970, 0x7461636f, 0x5346414f};

}  // namespace

pw::Fd openSubfolder(int at, const std::string& name) {
  struct open_how how {};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return pw::Fd(static_cast<int>(::syscall(SYS_openat2, at, name.c_str(), &how, sizeof how)));
}

bool isRemote(int folder) {
  struct statfs info {};
  if (::fstatfs(folder, &info) != 0) return false;
  return std::find(std::begin(kRemote), std::end(kRemote), static_cast<unsigned>(info.f_type)) !=
         std::end(kRemote);
}

}  // namespace source_folder
