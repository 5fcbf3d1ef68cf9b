#pragma once

namespace planwright {

/// A read lease (fcntl(2), F_SETLEASE) on an open file. Linux grants it only while nobody on this
/// machine has the file open or mapped for writing, and from then on holds up whoever wants to
/// until we let go. So what is read between Held and a true isUnbroken() is what the last writer
/// left: not a moment in between. Measured on 6.x: a writable mapping counts as open after its
/// descriptor is closed. Owned by the snapshot that reads; one thread.
class ReadLease {
 public:
  enum class State {
    Held,
    Busy,         ///< somebody can write to the file at this moment
    Unsupported,  ///< the file system has none, or other machines can write there (NFS, SMB …)
    NotAllowed,   ///< neither our file nor CAP_LEASE
  };

  /// Asks for a lease on `fd`, open for reading only. It ends with release() or the descriptor.
  explicit ReadLease(int fd);
  ReadLease(const ReadLease&) = delete;
  ReadLease& operator=(const ReadLease&) = delete;
  ~ReadLease() { release(); }

  State state() const { return state_; }
  /// False once a writer has begun to wait: let go soon, or it waits for lease-break-time (45 s).
  bool isUnbroken() const;
  void release();

 private:
  const int fd_;
  const State state_;
  bool isReleased_;
};

}  // namespace planwright
