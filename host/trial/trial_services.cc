#include "trial/trial_services.h"

#include <fcntl.h>
#include <fmt/format.h>

#include "planwright/plugin.h"

#include "base/files.h"

namespace planwright {

TrialServices::TrialServices(Tell tell, int outputFd)
    : tell_(std::move(tell)),
      outputFd_(outputFd),
      blobs_(ScratchFolder::below({})),
      folder_(ScratchFolder::below({})) {}

void TrialServices::log(int level, std::string_view message, std::string_view fieldsJson) {
  tell_("log", level,
        fieldsJson.empty() ? std::string(message) : fmt::format("{} {}", message, fieldsJson));
}

void TrialServices::event(std::string_view type, std::string_view bodyJson) {
  tell_("event", PW_INFO, fmt::format("{} {}", type, bodyJson));
}

void TrialServices::progress(std::uint64_t done, std::uint64_t total, std::string_view note) {
  const std::string of = total ? fmt::format("{}/{}", done, total) : fmt::format("{}", done);
  tell_("progress", PW_DEBUG, note.empty() ? of : fmt::format("{} {}", of, note));
}

void TrialServices::metric(int, std::string_view name, double value, std::string_view labels) {
  tell_("metric", PW_DEBUG, fmt::format("{}{} {}", name, labels, value));
}

Result<UniqueFd> TrialServices::openBlob(const Digest& digest) {
  UniqueFd fd(::open((blobs_.path() / digest.hex()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return notFound(fmt::format("There is no blob {}.", digest.text()));
  return fd;
}

Result<Digest> TrialServices::putBlob(int fd, std::string_view, const GoesOn&) {
  return keep(readAll(fd));
}

Digest TrialServices::keep(std::string_view bytes) {
  const Digest digest = Digest::of(bytes);
  replaceFile(blobs_.path() / digest.hex(), bytes);
  return digest;
}

std::optional<std::string> TrialServices::secret(std::string_view name) {
  const auto at = secrets.find(std::string(name));
  return at == secrets.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace planwright
