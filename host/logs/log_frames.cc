#include "logs/log_frames.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/files.h"

namespace planwright {
namespace {

constexpr std::uint32_t kSkippable = 0x184D2A57;  // one of the 16 numbers zstd keeps for this
constexpr int kLevel = 1;
constexpr std::uint32_t kMostMarks = 64 * 1024;

/// As it stands in the file, little endian; then the marks, then the zstd frame.
struct Header {
  std::uint32_t magic = kSkippable;
  std::uint32_t size = 0;  // of what follows here, with the marks
  std::uint64_t salt = 0;
  std::uint64_t textOffset = 0;
  std::int64_t lineEnds = 0;
  std::int64_t unixMillis = 0;
  std::uint32_t textBytes = 0;
  std::uint32_t ownLineEnds = 0;
  std::uint32_t storedBytes = 0;
  std::uint32_t marks = 0;
  std::uint32_t endsLine = 0;
  std::uint32_t check = 0;  // of all before
};
static_assert(sizeof(Header) == 64 && sizeof(LogMark) == 8);

std::uint32_t checkOf(const Header& header) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&header);
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (std::size_t i = 0; i < offsetof(Header, check); ++i) hash = (hash ^ bytes[i]) * 16777619U;
  return hash;
}

bool readAt(int fd, void* to, std::size_t size, off_t position) {
  auto* bytes = static_cast<char*>(to);
  while (size > 0) {
    const ssize_t n = ::pread(fd, bytes, size, position);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw std::system_error(errno, std::generic_category(), "read of a log");
    if (n == 0) return false;
    bytes += n;
    position += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

/// As much text as the frame had, with as many line ends.
std::string lostText(const LogFrame& frame) {
  std::string text =
      "[planwright: " + std::to_string(frame.textBytes) + " bytes of this log are damaged]";
  text.resize(frame.textBytes - std::min(frame.textBytes, frame.ownLineEnds), ' ');
  text.append(std::min(frame.textBytes, frame.ownLineEnds), '\n');
  return text;
}

/// The lost text behind `before`, or as much of it as fits into a frame.
LogFrame lostBetween(const LogFrame& before, const LogFrame& after) {
  LogFrame lost;
  lost.position = before.position;
  lost.end = after.position;
  lost.textOffset = before.textEnd();
  lost.lineEnds = before.lineEndsAfter();
  lost.unixMillis = before.unixMillis;
  lost.textBytes = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(after.textOffset - before.textEnd(), kFrameText));
  lost.ownLineEnds = static_cast<std::uint32_t>(std::clamp<std::int64_t>(
      after.lineEnds - before.lineEndsAfter(), 0, std::int64_t{lost.textBytes}));
  lost.endsLine = lost.ownLineEnds > 0;
  lost.isLost = true;
  return lost;
}

}  // namespace

FramePacker::FramePacker() : context_(ZSTD_createCCtx()) {
  if (context_ == nullptr) throw std::bad_alloc();
  auto* context = static_cast<ZSTD_CCtx*>(context_);
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);  // bytes that a disk changes are noticed
}

FramePacker::~FramePacker() {
  ZSTD_freeCCtx(static_cast<ZSTD_CCtx*>(context_));
}

std::string_view FramePacker::pack(LogFrame& frame, std::uint64_t salt, std::string_view text,
                                   const std::vector<LogMark>& marks) {
  const std::size_t before = sizeof(Header) + marks.size() * sizeof(LogMark);
  out_.resize(std::max(out_.size(), before + ZSTD_compressBound(text.size())));
  const std::size_t packed = ZSTD_compress2(static_cast<ZSTD_CCtx*>(context_), out_.data() + before,
                                            out_.size() - before, text.data(), text.size());
  if (ZSTD_isError(packed) != 0)
    throw std::runtime_error(std::string("zstd: ") + ZSTD_getErrorName(packed));
  Header header;
  header.size = static_cast<std::uint32_t>(before - 8);
  header.salt = salt;
  header.textOffset = frame.textOffset;
  header.lineEnds = frame.lineEnds;
  header.unixMillis = frame.unixMillis;
  header.textBytes = frame.textBytes = static_cast<std::uint32_t>(text.size());
  header.ownLineEnds = frame.ownLineEnds =
      static_cast<std::uint32_t>(std::count(text.begin(), text.end(), '\n'));
  header.storedBytes = frame.storedBytes = static_cast<std::uint32_t>(packed);
  header.marks = frame.marks = static_cast<std::uint32_t>(marks.size());
  frame.endsLine = text.ends_with('\n');
  header.endsLine = frame.endsLine ? 1 : 0;
  header.check = checkOf(header);
  std::memcpy(out_.data(), &header, sizeof header);
  if (!marks.empty())
    std::memcpy(out_.data() + sizeof header, marks.data(), marks.size() * sizeof(LogMark));
  return std::string_view(out_).substr(0, before + packed);
}

LogFrames::LogFrames(const std::filesystem::path& path)
    : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (!file_ && errno == ENOENT) return;
  struct stat status {};
  if (!file_ || ::fstat(file_.get(), &status) != 0)
    throw std::system_error(errno, std::generic_category(), path.string());
  size_ = status.st_size;
  findFirst();
  if (first_) findLast(status.st_size);
}

/// If the file does not begin with a frame, its first one is damaged, or nothing of it is a log.
void LogFrames::findFirst() {
  Header header;
  if (!readAt(file_.get(), &header, sizeof header, 0)) return;
  salt_ = header.salt;
  first_ = at(0);
  std::string window(sizeof kSkippable, '\0');
  for (off_t position = 0; !first_ && position + static_cast<off_t>(sizeof header) < size_;) {
    const off_t rest = std::min<off_t>(size_ - position, kPieceBytes);
    window.resize(static_cast<std::size_t>(rest));
    if (!readAt(file_.get(), window.data(), window.size(), position)) return;
    const char* from = window.data();
    const char* const stop = from + window.size();
    while (!first_) {
      const void* hit =
          ::memmem(from, static_cast<std::size_t>(stop - from), &kSkippable, sizeof kSkippable);
      if (hit == nullptr) break;
      from = static_cast<const char*>(hit) + 1;
      const off_t begin = position + (from - 1 - window.data());
      if (!readAt(file_.get(), &header, sizeof header, begin)) break;
      salt_ = header.salt;
      first_ = at(begin);
    }
    position += std::max<off_t>(1, rest - static_cast<off_t>(sizeof kSkippable) + 1);
  }
  if (!first_ || first_->textOffset == 0) return;
  LogFrame before;  // what next() gives behind it goes on to the first one
  first_ = lostBetween(before, *first_);
}

LogFrames::~LogFrames() {
  ZSTD_freeDCtx(static_cast<ZSTD_DCtx*>(context_));
}

/// The complete frame that begins there, if one does.
std::optional<LogFrame> LogFrames::at(off_t position) const {
  Header header;
  if (position + static_cast<off_t>(sizeof header) > size_) return std::nullopt;
  if (!readAt(file_.get(), &header, sizeof header, position)) return std::nullopt;
  const bool isHeader = header.magic == kSkippable && header.salt == salt_ &&
                        header.check == checkOf(header) && header.textBytes <= kFrameText &&
                        header.marks <= kMostMarks &&
                        header.size == sizeof header - 8 + header.marks * sizeof(LogMark);
  if (!isHeader) return std::nullopt;
  LogFrame frame{position,           position + 8 + header.size + header.storedBytes,
                 header.textOffset,  header.lineEnds,
                 header.unixMillis,  header.textBytes,
                 header.ownLineEnds, header.storedBytes,
                 header.marks,       header.endsLine != 0};
  if (frame.end > size_) return std::nullopt;
  return frame;
}

std::optional<LogFrame> LogFrames::next(const LogFrame& frame) const {
  if (!last_ || frame.textOffset >= last_->textOffset) return std::nullopt;
  auto found = at(frame.end);
  if (!found) found = findFrom(frame.end, last_->position + 1);
  if (!found || found->textOffset <= frame.textEnd()) return found;
  return lostBetween(frame, *found);
}

/// The first frame that begins in [position, end).
std::optional<LogFrame> LogFrames::findFrom(off_t position, off_t end) const {
  constexpr std::size_t kLook = 64 * 1024;
  char wanted[16];  // magic, whatever size, salt: the salt is what is looked for
  std::memcpy(wanted, &salt_, sizeof salt_);
  std::string window;
  while (position < end) {
    const off_t rest = std::min<off_t>(size_ - position, kLook);
    window.resize(static_cast<std::size_t>(rest));
    if (!readAt(file_.get(), window.data(), window.size(), position)) return std::nullopt;
    const char* from = window.data();
    const char* const stop = from + window.size();
    while (from < stop) {
      const void* hit = ::memmem(from, static_cast<std::size_t>(stop - from), wanted, sizeof salt_);
      if (hit == nullptr) break;
      const auto* salt = static_cast<const char*>(hit);
      const off_t begin = position + (salt - window.data()) - 8;
      if (begin >= end) return std::nullopt;
      if (auto frame = begin >= 0 ? at(begin) : std::nullopt) return frame;
      from = salt + 1;
    }
    position += std::max<off_t>(1, rest - 16);
  }
  return std::nullopt;
}

void LogFrames::findLast(off_t size) {
  last_ = first_;
  for (off_t back = 4096; back < size; back *= 8)
    if (const auto found = findFrom(size - back, size)) {
      last_ = found;
      break;
    }
  for (std::optional<LogFrame> after = last_; after;) {
    last_ = after;
    after = at(last_->end);
    if (!after && last_->end < size) after = findFrom(last_->end, size);
  }
}

LogFrame LogFrames::lastThat(const std::function<bool(const LogFrame&)>& isBefore) const {
  constexpr off_t kFewBytes = 16 * 1024;
  LogFrame low = *first_;
  off_t high = last_->end;  // no frame from here on is before
  while (high - low.end > kFewBytes) {
    const off_t middle = low.end + (high - low.end) / 2;
    const auto found = findFrom(middle, high);
    if (found && isBefore(*found))
      low = *found;
    else
      high = middle;
  }
  for (auto after = next(low); after && isBefore(*after); after = next(low)) low = *after;
  return low;
}

void LogFrames::read(const LogFrame& frame, std::string& text, std::vector<LogMark>* marks) {
  const std::size_t markBytes = frame.marks * sizeof(LogMark);
  if (marks) marks->resize(frame.marks);
  packed_.resize(markBytes + frame.storedBytes);
  if (!unpack(frame, text)) {
    text = lostText(frame);
    isDamaged_ = true;
  }
  if (marks && markBytes > 0) std::memcpy(marks->data(), packed_.data(), markBytes);
}

bool LogFrames::unpack(const LogFrame& frame, std::string& text) {
  if (frame.isLost) return false;
  if (context_ == nullptr) context_ = ZSTD_createDCtx();
  text.resize(frame.textBytes);
  const off_t position = frame.position + static_cast<off_t>(sizeof(Header));
  if (!readAt(file_.get(), packed_.data(), packed_.size(), position)) return false;
  const std::size_t size =
      ZSTD_decompressDCtx(static_cast<ZSTD_DCtx*>(context_), text.data(), text.size(),
                          packed_.data() + frame.marks * sizeof(LogMark), frame.storedBytes);
  return size == text.size() &&
         std::count(text.begin(), text.end(), '\n') == std::ptrdiff_t{frame.ownLineEnds};
}

}  // namespace planwright
