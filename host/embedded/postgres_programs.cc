#include "embedded/postgres_programs.h"

#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;

constexpr int kNewestMajor = 30;
constexpr std::size_t kShownBytes = 2000;

/// Debian keeps one folder for each version; elsewhere there is one version, in PATH.
std::string find(const std::string& program, int serverMajor) {
  for (int major = serverMajor; major <= kNewestMajor; ++major) {
    const fs::path path = fs::path("/usr/lib/postgresql") / std::to_string(major) / "bin" / program;
    if (fs::exists(path)) return path;
  }
  for (const char* folder : {"/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin"})
    if (const fs::path path = fs::path(folder) / program; fs::exists(path)) return path;
  return {};
}

struct FreeOptions {
  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};

struct Target {
  std::string connection;  ///< keywords and values
  std::string password;
};

Target split(const std::string& url) {
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(
      PQconninfoParse(url.c_str(), nullptr));
  Target target;
  for (const auto* option = options.get(); option && option->keyword; ++option) {
    if (!option->val) continue;
    const std::string keyword = option->keyword;
    if (keyword == "password") {
      target.password = option->val;
      continue;
    }
    target.connection += keyword + "='";
    for (const char* at = option->val; *at; ++at) {
      if (*at == '\'' || *at == '\\') target.connection += '\\';
      target.connection += *at;
    }
    target.connection += "' ";
  }
  return target;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

Result<void> runPostgresProgram(const std::string& program, int serverMajor, const std::string& url,
                                const std::vector<std::string>& arguments) {
  const std::string path = find(program, serverMajor);
  if (path.empty())
    return notFound(
        fmt::format("{} {} is not installed (Debian: apt-get install postgresql-client-{}).",
                    program, serverMajor, serverMajor));
  const Target target = split(url);
  std::vector<std::string> argv = {path, "--dbname=" + target.connection};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment;
  for (char** variable = environ; *variable; ++variable) environment.emplace_back(*variable);
  if (!target.password.empty()) environment.push_back("PGPASSWORD=" + target.password);

  const UniqueFd output(::memfd_create("output", MFD_CLOEXEC));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, output.get(), 2);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, path.c_str(), &actions, nullptr, pointers(argv).data(),
                                  pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::system_error(error, std::generic_category(), "cannot run " + path);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "waitpid");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  ::lseek(output.get(), 0, SEEK_SET);
  std::string said = readAll(output.get());
  if (said.size() > kShownBytes) said.erase(0, said.size() - kShownBytes);
  return Error{ErrorKind::Failed, fmt::format("{} failed: {}", program, said), {}, {}};
}

}  // namespace planwright
