#include "http/log_follower.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/json.h"
#include "base/utf8.h"
#include "logs/log_reader.h"

namespace planwright {
namespace {

constexpr std::uint64_t kEventBytes = 64 * 1024;
constexpr std::chrono::milliseconds kLookAgain(200);

/// Without a character that the next piece completes; whole lines if there are any.
std::string_view wholeLines(std::string_view text) {
  if (const auto end = text.rfind('\n'); end != std::string_view::npos)
    return text.substr(0, end + 1);
  std::size_t size = text.size();
  while (size > 0 && text.size() - size < 3 && (text[size - 1] & 0xC0) == 0x80) --size;
  if (size > 1 && (text[size - 1] & 0xC0) == 0xC0) return text.substr(0, size - 1);
  return text;
}

/// One reader's way through one log. [pw-http-feed]
class LogFollower {
 public:
  LogFollower(Control& control, std::int64_t job, std::optional<std::int64_t> n, LogPlace place)
      : control_(control),
        job_(job),
        n_(n),
        place_(std::move(place)) {}

  std::vector<EventMessage> after(std::uint64_t offset) {
    if (auto piece = read(offset)) return {std::move(*piece)};
    if (!isOver()) return {};
    if (auto piece = read(offset)) return {std::move(*piece)};  // written before it ended
    EventMessage end;
    end.order = {0, 1, 0};
    end.id = std::to_string(offset);
    end.type = kEndOfStream;
    end.data = JsonWriter()
                   .object()
                   .member("offset", number(offset))
                   .member("end", true)
                   .member("damaged", isDamaged_)
                   .member("cut_bytes", place_.attempt == 0 ? 0 : place_.cutBytes(offset))
                   .end()
                   .take();
    return {std::move(end)};
  }

 private:
  static std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

  std::optional<EventMessage> read(std::uint64_t offset) {
    if (place_.attempt == 0) return std::nullopt;
    LogReader log(place_.path);
    if (offset >= log.sizeBytes()) return std::nullopt;
    std::string text;
    const std::uint64_t end = std::min(log.sizeBytes(), offset + kEventBytes);
    log.copy(offset, end, [&](std::string_view piece) { text += piece; });
    isDamaged_ = isDamaged_ || log.isDamaged();
    const std::string_view piece = end < log.sizeBytes() ? wholeLines(text) : text;
    EventMessage message;
    message.order = {0, 0, offset + piece.size()};
    message.id = std::to_string(offset + piece.size());
    message.type = "log";
    message.data = JsonWriter()
                       .object()
                       .member("offset", number(offset))
                       .member("line", log.lineAt(offset))
                       .member("text", toUtf8(piece))
                       .end()
                       .take();
    return message;
  }

  /// Whether nothing is added to the log any more; finds it if there was none.
  bool isOver() {
    const auto now = control_.contents.log(job_, n_);
    if (!now) return true;  // pruned
    if (place_.attempt == 0 || place_.attempt == now->attempt) place_ = *now;
    return now->attempt != place_.attempt || (now->attempt != 0 && now->isComplete);
  }

  Control& control_;
  const std::int64_t job_;
  const std::optional<std::int64_t> n_;
  LogPlace place_;
  bool isDamaged_ = false;  ///< what was sent is not what had been written
};

}  // namespace

EventSubscription followLog(Control& control, std::int64_t job, std::optional<std::int64_t> n,
                            LogPlace place, std::uint64_t begin) {
  EventSubscription subscription;
  subscription.after = EventOrder{0, 0, begin};
  subscription.repeat = kLookAgain;
  const auto follower = std::make_shared<LogFollower>(control, job, n, std::move(place));
  subscription.backlog = [follower](const EventOrder& after, std::size_t) {
    return follower->after(after[2]);
  };
  return subscription;
}

}  // namespace planwright
