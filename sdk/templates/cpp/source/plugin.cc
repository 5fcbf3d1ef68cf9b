#include <filesystem>
#include <planwright/plugin.hpp>

namespace {

namespace fs = std::filesystem;

class @CLASS@ {
 public:
  explicit @CLASS@(const pw::Settings& settings) : folder_(settings.text("path")) {}

  /// The host calls this again and again. It stores the inputs and the cursor in one transaction,
  /// so nothing is lost or doubled: the cursor says where the next look begins.
  void poll(pw::Poll& poll, pw::Call& call) {
    std::error_code error;
    const std::string since(poll.cursor());
    std::string newest = since;
    for (const auto& entry : fs::directory_iterator(folder_, error)) {
      if (!entry.is_regular_file(error)) continue;
      const std::string time = timeOf(entry);
      if (time > since) poll.file(entry.path().filename().string(), entry.path().string());
      if (time > newest) newest = time;
      call.stopIfCancelled();
    }
    if (error) pw::retry("cannot look into " + folder_.string() + ": " + error.message());
    poll.setCursor(newest);
    poll.next(std::chrono::seconds(2));
  }

 private:
  /// As text of one length, so that later times compare as greater.
  static std::string timeOf(const fs::directory_entry& entry) {
    std::error_code error;
    const std::string digits =
        std::to_string(fs::file_time_type::clock::to_sys(entry.last_write_time(error))
                           .time_since_epoch()
                           .count());
    return std::string(digits.size() < 20 ? 20 - digits.size() : 0, '0') + digits;
  }

  const fs::path folder_;
};

}  // namespace

PW_MODULE("@ID@", "0.1.0", pw::Source<@CLASS@>)
