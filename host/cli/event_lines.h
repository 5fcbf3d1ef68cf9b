#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace planwright::cli {

/// Cuts a text/event-stream into events (WHATWG HTML, 9.2.6). One stream, one thread.
class EventLines {
 public:
  using OnEvent = std::function<void(const std::string& id, const std::string& data)>;
  explicit EventLines(OnEvent onEvent) : onEvent_(std::move(onEvent)) {}

  void feed(std::string_view bytes);
  /// The id of the last complete event: where to go on after a reconnect.
  const std::string& lastId() const { return lastId_; }
  /// Forgets half an event; the last id stays.
  void reset();

 private:
  void line(std::string_view text);

  const OnEvent onEvent_;
  std::string pending_;
  std::string id_;
  std::string data_;
  std::string lastId_;
  bool hasData_ = false;
};

}  // namespace planwright::cli
