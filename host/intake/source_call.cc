#include "intake/source_call.h"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <sys/stat.h>

#include "base/log.h"
#include "base/secret_mask.h"
#include "base/utf8.h"

namespace planwright {

void SourceCall::log(int level, std::string_view message, std::string_view fieldsJson) {
  // The ABI's levels (PW_TRACE = 0 … PW_ERROR = 4) are spdlog's own numbers.
  spdlog::log(static_cast<spdlog::level::level_enum>(level < 0 || level > 4 ? 2 : level),
              "source queue={} {} {}", queue_, masked(message), masked(fieldsJson));
}

void SourceCall::event(std::string_view type, std::string_view bodyJson) {
  if (type == kRefused)
    events_.lock()->push_back({std::string(type), masked(bodyJson)});
  else
    reports_.event(type, masked(bodyJson));
}

std::optional<std::string> SourceCall::secret(std::string_view name) {
  return secretIn(*secrets_.lock(), name);
}

/// What a plugin in this process says is masked already. What a plugin in a process of its own says
/// is not.
std::string SourceCall::masked(std::string_view text) {
  SecretMask mask;
  auto secrets = secrets_.lock();
  for (const auto& [name, value] : *secrets) mask.add(value);
  const std::string begin = mask.feed(text);
  return toUtf8(begin + mask.rest());
}

SourcePlace SourceCall::place() {
  if (!place_.folder.empty()) {
    std::filesystem::create_directories(place_.folder);
    std::filesystem::permissions(place_.folder, std::filesystem::perms::owner_all);
  }
  return place_;
}

std::vector<SourceCall::Event> SourceCall::takeEvents() {
  auto events = std::exchange(*events_.lock(), {});
  for (auto& event : reports_.takeEvents())
    events.push_back({std::move(event.type), std::move(event.bodyJson)});
  return events;
}

Result<StagedBlob> SourceCall::blobOf(const std::string& text) {
  const auto digest = Digest::parse(text);
  if (!digest) return invalid("\"" + text + "\" is not a digest");
  if (auto staged = blobs_.find(*digest)) return std::move(*staged);
  const Result<UniqueFd> fd = blobs_.open(*digest);
  if (!fd) return fd.error();
  struct stat status {};
  if (::fstat(fd->get(), &status) != 0) {
    throw std::system_error(errno, std::generic_category(), "stat of a blob");
  }
  return StagedBlob{*digest, status.st_size, std::nullopt};
}

}  // namespace planwright
