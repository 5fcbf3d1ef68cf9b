#include "embedded/borrowed_account.h"

#include <stdexcept>

#include <dlfcn.h>
#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include "base/files.h"

namespace planwright {
namespace {

constexpr const char* kLibrary = "libnss_wrapper.so";

bool hasAccount(uid_t user) {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found);
  return found != nullptr;
}

/// Where the loader would find it.
bool isInstalled() {
  void* library = ::dlopen(kLibrary, RTLD_LAZY | RTLD_LOCAL);
  if (library) ::dlclose(library);
  return library != nullptr;
}

}  // namespace

std::vector<std::string> borrowedAccount(const std::filesystem::path& folder) {
  const uid_t user = ::geteuid();
  if (user == 0 || hasAccount(user)) return {};
  if (!isInstalled())
    throw std::runtime_error(fmt::format(
        "The user id {} has no account (no line in /etc/passwd), and initdb, which makes the "
        "private Postgres, needs one. Install libnss-wrapper (Debian: apt-get install "
        "libnss-wrapper), add a line for {} to /etc/passwd, or name a Postgres with `postgres:` in "
        "the configuration.",
        user, user));
  replaceFile(folder / "passwd",
              fmt::format("planwright:x:{}:{}::/:/bin/false\n", user, ::getegid()));
  replaceFile(folder / "group", fmt::format("planwright:x:{}:\n", ::getegid()));
  return {fmt::format("LD_PRELOAD={}", kLibrary),
          "NSS_WRAPPER_PASSWD=" + (folder / "passwd").string(),
          "NSS_WRAPPER_GROUP=" + (folder / "group").string()};
}

}  // namespace planwright
