#include "offline/restore_mark.h"

#include <stdexcept>

#include <fmt/format.h>

#include "base/files.h"

namespace planwright {

namespace fs = std::filesystem;

RestoreMark::RestoreMark(const fs::path& blobFolder) : file_(blobFolder / "restore.unfinished") {}

bool RestoreMark::isSet() const {
  return fs::exists(file_);
}

std::string RestoreMark::dataFolder() const {
  return readFile(file_, 1 << 16);
}

void RestoreMark::set(const std::string& dataFolder) const {
  fs::create_directories(file_.parent_path());
  replaceFile(file_, dataFolder, 0600);
}

void RestoreMark::clear() const {
  fs::remove(file_);
}

void RestoreMark::refuse() const {
  if (isSet())
    throw std::runtime_error(
        fmt::format("A restore into {} did not finish. Run `planwright restore` again.",
                    file_.parent_path().string()));
}

}  // namespace planwright
