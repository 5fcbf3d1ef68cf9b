#include "base/failpoints.h"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "base/unavailable.h"

namespace planwright {
namespace {

enum class Action { None, Kill, Pause, Error, Log };

struct Wish {
  Action action = Action::None;
  std::int64_t pauseMillis = 0;
  std::int64_t from = 1;
  std::int64_t times = std::numeric_limits<std::int64_t>::max();
};

struct Armed {
  Wish wish;
  std::atomic<std::int64_t> hits{0};
};

std::array<Armed, kFailpoints.size()> armed;  // written before the first thread, like the flag

/// Takes `mark` and the number after it off the end of `text`. False: no number stands there.
bool takeNumber(std::string_view& text, char mark, std::int64_t& value) {
  const auto at = text.rfind(mark);
  if (at == std::string_view::npos) return true;
  const std::string_view digits = text.substr(at + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  text = text.substr(0, at);
  return error == std::errc() && end == digits.data() + digits.size() && value > 0;
}

std::optional<Wish> parseWish(std::string_view text) {
  Wish wish;
  if (!takeNumber(text, 'x', wish.times) || !takeNumber(text, '@', wish.from)) return std::nullopt;
  if (text.starts_with("pause:") && takeNumber(text, ':', wish.pauseMillis))
    wish.action = Action::Pause;
  else if (text == "kill")
    wish.action = Action::Kill;
  else if (text == "error")
    wish.action = Action::Error;
  else if (text == "log")
    wish.action = Action::Log, wish.times = 1;
  else
    return std::nullopt;
  return wish;
}

Result<void> turnOn(std::string_view part) {
  const auto equals = part.find('=');
  const std::string_view name = part.substr(0, equals);
  const auto wish = equals == part.npos ? std::nullopt : parseWish(part.substr(equals + 1));
  if (!wish)
    return invalid(fmt::format(
        "failpoint \"{}\": write NAME=kill, pause:MS, error or log, then maybe @N and xK", part));
  bool isKnown = false;
  for (std::size_t i = 0; i < kFailpoints.size(); ++i) {
    if (name != "*" && name != kFailpoints[i]) continue;
    isKnown = true;
    armed[i].wish = *wish;
    armed[i].hits = 0;
  }
  if (!isKnown)
    return invalid(
        fmt::format("there is no failpoint {}; \"planwright failpoints\" lists them", name));
  return {};
}

}  // namespace

void hitFailpoint(Failpoint point) {
  Armed& at = armed[point.index()];
  const Wish& wish = at.wish;
  if (wish.action == Action::None) return;
  const std::int64_t hit = at.hits.fetch_add(1, std::memory_order_relaxed) + 1;
  if (hit < wish.from || hit - wish.from >= wish.times) return;
  const std::string_view name = kFailpoints[point.index()];
  switch (wish.action) {
    case Action::None:
      return;
    case Action::Kill:
      log::warn("failpoint {} ends the host", name);
      ::kill(::getpid(), SIGKILL);
      for (;;) ::pause();  // nothing more of this thread is seen
    case Action::Pause:
      return std::this_thread::sleep_for(std::chrono::milliseconds(wish.pauseMillis));
    case Action::Error:
      throw Unavailable(fmt::format("failpoint {}", name));
    case Action::Log:
      return log::info("failpoint {} reached", name);
  }
}

Result<void> turnOnFailpoints(std::string_view text) {
  failpointsAreOn = false;
  for (Armed& one : armed) one.wish = {};
  while (!text.empty()) {
    const auto end = std::min(text.find(';'), text.size());
    if (const std::string_view part = text.substr(0, end); !part.empty())
      if (auto done = turnOn(part); !done) return done;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  bool any = false;
  for (const Armed& one : armed) any = any || one.wish.action != Action::None;
  failpointsAreOn = any;
  return {};
}

}  // namespace planwright
