#include "cli/event_lines.h"

namespace planwright::cli {

void EventLines::feed(std::string_view bytes) {
  pending_ += bytes;
  std::size_t start = 0;
  for (auto end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n', start)) {
    std::string_view text(pending_.data() + start, end - start);
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    line(text);
    start = end + 1;
  }
  pending_.erase(0, start);
}

void EventLines::reset() {
  pending_.clear();
  data_.clear();
  id_ = lastId_;
  hasData_ = false;
}

void EventLines::line(std::string_view text) {
  if (text.empty()) {
    lastId_ = id_;
    if (hasData_) onEvent_(lastId_, data_);
    data_.clear();
    hasData_ = false;
    return;
  }
  const auto colon = text.find(':');
  if (colon == 0) return;  // a comment: the heartbeat
  std::string_view value = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  const std::string_view field = text.substr(0, colon);
  if (field == "id") id_ = value;
  if (field != "data") return;
  if (hasData_) data_ += '\n';
  data_ += value;
  hasData_ = true;
}

}  // namespace planwright::cli
