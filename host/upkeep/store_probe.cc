#include "upkeep/store_probe.h"

#include <system_error>

#include <fmt/format.h>

#include "base/threads.h"

namespace planwright {
namespace {

constexpr std::chrono::seconds kTryEvery{1};
constexpr std::chrono::seconds kFolderPatience{10};
constexpr std::uintmax_t kLeastBytes = std::uintmax_t{64} << 20;

}  // namespace

void StoreProbe::start() {
  thread_ = startThread("pw-store", [this](const std::stop_token& stop) {
    do {
      step();
    } while (sleepFor(kTryEvery, stop));
  });
}

void StoreProbe::step() {
  {
    auto verdict = verdict_.lock();
    verdict->isLooking = true;
    verdict->began = std::chrono::steady_clock::now();
  }
  std::string problem = look();
  auto verdict = verdict_.lock();
  verdict->isLooking = false;
  verdict->problem = std::move(problem);
}

std::string StoreProbe::look() const {
  const std::string folder = folder_.root().string();
  try {
    folder_.tryWrite();
    const auto space = std::filesystem::space(folder_.root());
    if (space.available < kLeastBytes)
      return fmt::format("The file system of the blob folder {} is full: {} MiB are left.", folder,
                         space.available >> 20);
  } catch (const std::system_error& e) {
    return fmt::format("The blob folder {} cannot be written to: {}.", folder, e.code().message());
  }
  return {};
}

std::string StoreProbe::problem() const {
  auto verdict = verdict_.lock();
  if (verdict->isLooking && std::chrono::steady_clock::now() - verdict->began > kFolderPatience)
    return fmt::format("The blob folder {} does not answer.", folder_.root().string());
  return verdict->problem;
}

}  // namespace planwright
