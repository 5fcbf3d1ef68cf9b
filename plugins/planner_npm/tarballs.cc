#include "tarballs.h"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

namespace npm {

Tarballs::Found Tarballs::store(const Package& package, pw::Call& call) const {
  Found out;
  for (const auto& path : candidates(package)) {
    const pw::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) continue;
    if (!package.integrity.matches(file.get())) {
      if (out.wrongFile.empty()) out.wrongFile = path;
      continue;
    }
    ::lseek(file.get(), 0, SEEK_SET);
    out.digest = call.putBlob(file.get(), "application/gzip");
    return out;
  }
  return out;
}

std::vector<std::string> Tarballs::candidates(const Package& package) const {
  std::string packed = package.name;  // @types/node: types-node-1.0.0.tgz
  packed.erase(0, packed.starts_with('@') ? 1 : 0);
  std::replace(packed.begin(), packed.end(), '/', '-');
  const std::string bare = package.name.substr(package.name.find('/') + 1);  // or node-1.0.0.tgz
  std::vector<std::string> out;
  for (const auto& folder : folders_)
    for (const std::string& name :
         {package.integrity.cachePath(), "_cacache/" + package.integrity.cachePath(),
          packed + "-" + package.version + ".tgz", bare + "-" + package.version + ".tgz"})
      out.push_back(folder + "/" + name);
  return out;
}

}  // namespace npm
