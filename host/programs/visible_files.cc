#include "programs/visible_files.h"

#include <filesystem>
#include <initializer_list>
#include <system_error>

namespace planwright {
namespace {

std::vector<std::string> existing(std::initializer_list<const char*> paths) {
  std::vector<std::string> found;
  std::error_code error;
  for (const char* path : paths)
    if (std::filesystem::exists(path, error)) found.emplace_back(path);
  return found;
}

}  // namespace

std::vector<std::string> systemPaths() {
  // Not all of /etc: its secrets are readable to root, and to whoever a user namespace maps to
  // root.
  auto found = existing({"/usr",
                         "/bin",
                         "/sbin",
                         "/lib",
                         "/lib32",
                         "/lib64",
                         "/libx32",
                         "/opt",
                         "/nix/store",
                         "/etc/alternatives",
                         "/etc/ca-certificates",
                         "/etc/debian_version",
                         "/etc/fonts",
                         "/etc/group",
                         "/etc/ld.so.cache",
                         "/etc/ld.so.conf",
                         "/etc/ld.so.conf.d",
                         "/etc/localtime",
                         "/etc/locale.alias",
                         "/etc/login.defs",
                         "/etc/mime.types",
                         "/etc/nsswitch.conf",
                         "/etc/os-release",
                         "/etc/passwd",
                         "/etc/perl",
                         "/etc/pki/tls/certs",
                         "/etc/protocols",
                         "/etc/services",
                         "/etc/ssl/certs",
                         "/etc/ssl/openssl.cnf",
                         "/etc/timezone"});
  std::error_code error;  // Python's settings: one folder for each version
  for (const auto& entry : std::filesystem::directory_iterator("/etc", error))
    if (entry.path().filename().string().starts_with("python3")) found.push_back(entry.path());
  return found;
}

std::vector<std::string> networkPaths() {
  return existing({"/etc/gai.conf", "/etc/host.conf", "/etc/hosts", "/etc/resolv.conf"});
}

}  // namespace planwright
