#pragma once

#include <exception>
#include <future>
#include <map>
#include <memory>
#include <string>

#include "base/guarded.h"

namespace planwright {

/// One answer for all who ask the same at the same time. While an answer is being made, those who
/// ask wait for the next one, which is begun after that and shared by all of them: nobody gets an
/// answer that was begun before they asked, so everybody sees what they have written. [any thread]
template <class T>
class SharedFlight {
 public:
  /// The answer to `key`: of `make()`, called by one of those who share it. What it throws is
  /// thrown to all of them.
  template <class Make>
  T get(const std::string& key, Make make) {
    const auto [flight, before, isMine] = board(key);
    if (!isMine) return flight->answer.get();
    if (before) before->answer.wait();
    begin(key, flight);
    try {
      flight->promise.set_value(make());
    } catch (...) {
      flight->promise.set_exception(std::current_exception());
    }
    end(key, flight);
    return flight->answer.get();
  }

  /// How many wait for the next answer to `key`, besides the one who will make it. For tests.
  std::size_t passengers(const std::string& key) {
    auto lines = lines_.lock();
    const auto at = lines->find(key);
    return at == lines->end() || !at->second.next ? 0 : at->second.next->passengers;
  }

 private:
  struct Flight {
    std::promise<T> promise;
    std::shared_future<T> answer{promise.get_future()};
    std::size_t passengers = 0;
  };
  struct Line {
    std::shared_ptr<Flight> current;  ///< being made; null: none is
    std::shared_ptr<Flight> next;     ///< waits for the end of `current`
  };
  struct Boarded {
    std::shared_ptr<Flight> flight, before;
    bool isMine = false;  ///< who boarded makes the answer, when `before` has ended
  };

  Boarded board(const std::string& key) {
    auto lines = lines_.lock();
    Line& line = (*lines)[key];
    const bool isMine = !line.next;
    if (isMine)
      line.next = std::make_shared<Flight>();
    else
      ++line.next->passengers;
    return {line.next, line.current, isMine};
  }
  void begin(const std::string& key, const std::shared_ptr<Flight>& flight) {
    auto lines = lines_.lock();
    Line& line = (*lines)[key];
    line.current = flight;
    line.next.reset();  // from now on it is too late for this one
  }
  void end(const std::string& key, const std::shared_ptr<Flight>& flight) {
    auto lines = lines_.lock();
    const auto at = lines->find(key);  // it is gone if the next one has ended meanwhile
    if (at != lines->end() && at->second.current == flight && !at->second.next) lines->erase(at);
  }

  Guarded<std::map<std::string, Line>> lines_;
};

}  // namespace planwright
