#include "stages/private_folder.h"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

namespace planwright {

namespace fs = std::filesystem;

PrivateFolder::PrivateFolder(const fs::path& parent) {
  const fs::path folder = parent.empty() ? fs::temp_directory_path() : parent;
  std::string name = (folder / "planwright-XXXXXX").string();
  if (!::mkdtemp(name.data()))
    throw std::system_error(errno, std::generic_category(),
                            "cannot make a folder in " + folder.string());
  path_ = name;
}

PrivateFolder::~PrivateFolder() {
  std::error_code error;
  fs::remove_all(path_, error);
  if (!error) return;
  // A program may leave folders that even their owner may not list.
  for (auto at = fs::recursive_directory_iterator(
           path_, fs::directory_options::skip_permission_denied, error);
       !error && at != fs::recursive_directory_iterator(); at.increment(error))
    if (std::error_code ignored; at->is_directory(ignored) && !at->is_symlink(ignored))
      fs::permissions(at->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
  fs::remove_all(path_, error);
}

}  // namespace planwright
