#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wheels {

/// What the planner keeps between calls and restarts: texts by key, in files of the stage's own
/// folder, which no program of a planner can reach. A cache: a text that is not there costs time
/// and nothing else. The oldest go once there is more than 64 MiB or 8,192 files. Several instances
/// and hosts may use one folder: a file is written whole and checked when it is read.
class Memory {
 public:
  /// `folder` empty: nothing is kept.
  explicit Memory(std::string folder) : folder_(std::move(folder)) {}
  /// Makes room if something was kept.
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  std::optional<std::string> find(std::string_view kind, std::string_view key) const;
  void keep(std::string_view kind, std::string_view key, std::string_view text);
  void forget(std::string_view kind, std::string_view key) const;

 private:
  std::string pathOf(std::string_view kind, std::string_view key) const;
  void makeRoom() const;

  const std::string folder_;
  bool hasGrown_ = false;
};

}  // namespace wheels
