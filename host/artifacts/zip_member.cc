#include "artifacts/zip_member.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace planwright {
namespace {

// Sizes and signatures of APPNOTE.TXT (PKWARE), 4.3.7, 4.3.12 and 4.3.16.
constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kLongestComment = 0xffff;
constexpr std::size_t kEntryBytes = 46;
constexpr std::size_t kLocalBytes = 30;
constexpr std::string_view kEndMark("PK\5\6", 4);
constexpr std::string_view kEntryMark("PK\1\2", 4);
constexpr std::string_view kLocalMark("PK\3\4", 4);
constexpr std::uint32_t kIn64BitRecord = 0xffffffff;
constexpr unsigned kEncrypted = 1;
constexpr unsigned kStored = 0, kDeflated = 8;

/// The directory of an archive: as long as that of a million short names, at most.
constexpr std::uint64_t kLongestDirectory = std::uint64_t{64} << 20;
constexpr std::size_t kDirectoryPiece = 256 * 1024;

std::uint32_t littleEndian(std::string_view bytes, std::size_t at, int size) {
  std::uint32_t value = 0;
  for (int i = size - 1; i >= 0; --i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return value;
}

/// Up to `size` bytes at that offset, fewer at the end of the file.
std::string readAt(int fd, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got =
        ::pread(fd, bytes.data() + have, size - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw std::system_error(errno, std::generic_category(), "zip archive");
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

struct Directory {
  std::uint64_t offset = 0, size = 0;
};

/// By the record at the end, behind which stands a comment at most.
std::optional<Directory> findDirectory(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw std::system_error(errno, std::generic_category(), "fstat");
  const auto fileBytes = static_cast<std::uint64_t>(status.st_size);
  const std::uint64_t tailBytes = std::min<std::uint64_t>(fileBytes, kEndBytes + kLongestComment);
  const std::uint64_t tailOffset = fileBytes - tailBytes;
  const std::string tail = readAt(fd, tailOffset, static_cast<std::size_t>(tailBytes));
  for (std::size_t at = tail.rfind(kEndMark); at != std::string::npos;
       at = at == 0 ? std::string::npos : tail.rfind(kEndMark, at - 1)) {
    if (tail.size() - at < kEndBytes) continue;
    if (at + kEndBytes + littleEndian(tail, at + 20, 2) != tail.size()) continue;
    const Directory found{littleEndian(tail, at + 16, 4), littleEndian(tail, at + 12, 4)};
    if (found.offset == kIn64BitRecord || found.size > kLongestDirectory) return std::nullopt;
    if (found.offset + found.size > tailOffset + at) return std::nullopt;
    return found;
  }
  return std::nullopt;
}

struct Entry {
  unsigned flags = 0, method = 0;
  std::uint32_t packedBytes = 0, bytes = 0, checksum = 0, local = 0;
};

/// Reads the directory in pieces, so that memory does not grow with it.
class DirectoryReader {
 public:
  DirectoryReader(int fd, Directory directory) : fd_(fd), rest_(directory) {}

  /// The entry of the one name that is wanted. Nothing: none, several, or a broken directory.
  std::optional<Entry> find(const std::function<bool(std::string_view)>& isWanted) {
    std::optional<Entry> found;
    while (have() > 0 || rest_.size > 0) {
      if (!fill(kEntryBytes)) return std::nullopt;
      const std::string_view head = std::string_view(bytes_).substr(at_);
      if (!head.starts_with(kEntryMark)) return std::nullopt;
      const std::size_t nameBytes = littleEndian(head, 28, 2);
      const std::size_t length =
          kEntryBytes + nameBytes + littleEndian(head, 30, 2) + littleEndian(head, 32, 2);
      if (!fill(length)) return std::nullopt;
      const std::string_view entry = std::string_view(bytes_).substr(at_, length);
      if (isWanted(entry.substr(kEntryBytes, nameBytes))) {
        if (found) return std::nullopt;
        found = Entry{littleEndian(entry, 8, 2),  littleEndian(entry, 10, 2),
                      littleEndian(entry, 20, 4), littleEndian(entry, 24, 4),
                      littleEndian(entry, 16, 4), littleEndian(entry, 42, 4)};
      }
      at_ += length;
    }
    return found;
  }

 private:
  std::size_t have() const { return bytes_.size() - at_; }

  /// At least so many bytes stand at `at_`; an entry has less than three times 64 KiB.
  bool fill(std::size_t size) {
    if (have() >= size) return true;
    bytes_.erase(0, at_);
    at_ = 0;
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(rest_.size, kDirectoryPiece));
    const std::string more = readAt(fd_, rest_.offset, wanted);
    rest_.offset += wanted;
    rest_.size -= wanted;
    bytes_ += more;
    return more.size() == wanted && have() >= size;
  }

  int fd_;
  Directory rest_;
  std::string bytes_;
  std::size_t at_ = 0;
};

/// Exactly `size` bytes, or nothing.
std::optional<std::string> inflated(std::string_view packed, std::size_t size) {
  z_stream stream{};
  constexpr int kRawDeflate = -15;
  if (inflateInit2(&stream, kRawDeflate) != Z_OK) return std::nullopt;
  // One byte more, so that content that is longer than it says is noticed.
  std::string bytes(size + 1, '\0');
  // zlib does not write through next_in; its type is just older than const
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  const int outcome = inflate(&stream, Z_FINISH);
  const std::size_t made = stream.total_out;
  inflateEnd(&stream);
  if (outcome != Z_STREAM_END || made != size) return std::nullopt;
  bytes.resize(size);
  return bytes;
}

std::optional<std::string> contentOf(int fd, const Entry& entry, std::size_t limitBytes) {
  const bool isReadable = (entry.flags & kEncrypted) == 0 &&
                          (entry.method == kStored || entry.method == kDeflated) &&
                          entry.local != kIn64BitRecord;
  if (!isReadable || entry.bytes > limitBytes || entry.packedBytes > limitBytes)
    return std::nullopt;
  const std::string local = readAt(fd, entry.local, kLocalBytes);
  if (local.size() < kLocalBytes || !local.starts_with(kLocalMark)) return std::nullopt;
  const std::uint64_t begin = std::uint64_t{entry.local} + kLocalBytes +
                              littleEndian(local, 26, 2) + littleEndian(local, 28, 2);
  std::string packed = readAt(fd, begin, entry.packedBytes);
  if (packed.size() != entry.packedBytes) return std::nullopt;
  auto content =
      entry.method == kDeflated ? inflated(packed, entry.bytes) : std::optional(std::move(packed));
  if (!content || content->size() != entry.bytes) return std::nullopt;
  const auto checksum = ::crc32(0, reinterpret_cast<const Bytef*>(content->data()),
                                static_cast<uInt>(content->size()));
  return checksum == entry.checksum ? std::move(content) : std::nullopt;
}

}  // namespace

std::optional<std::string> readZipMember(int fd,
                                         const std::function<bool(std::string_view)>& isWanted,
                                         std::size_t limitBytes) {
  const auto directory = findDirectory(fd);
  if (!directory) return std::nullopt;
  const auto entry = DirectoryReader(fd, *directory).find(isWanted);
  return entry ? contentOf(fd, *entry, limitBytes) : std::nullopt;
}

}  // namespace planwright
