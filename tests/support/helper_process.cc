#include "support/helper_process.h"

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace planwright {
namespace {

pid_t spawn(std::vector<std::string> argv, const std::map<std::string, std::string>& environment) {
  std::vector<std::string> env;
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (!std::string_view(*variable).starts_with(
            "GTEST_"))  // our share of a run is not the helper's
      env.emplace_back(*variable);
  for (const auto& [name, value] : environment) env.emplace_back(name).append("=").append(value);
  const auto pointers = [](std::vector<std::string>& words) {
    std::vector<char*> out;
    for (std::string& word : words) out.push_back(word.data());
    out.push_back(nullptr);
    return out;
  };
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, argv[0].c_str(), &actions, nullptr, pointers(argv).data(),
                                   pointers(env).data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::system_error(error, std::generic_category(), argv[0]);
  return pid;
}

}  // namespace

HelperProcess::HelperProcess(const std::string& suite,
                             const std::map<std::string, std::string>& environment, uid_t asUser) {
  std::vector<std::string> argv;
  if (asUser != 0)
    argv = {"setpriv", "--reuid=" + std::to_string(asUser), "--regid=" + std::to_string(asUser),
            "--clear-groups"};
  argv.push_back(std::filesystem::read_symlink("/proc/self/exe"));
  argv.push_back("--gtest_filter=" + suite + ".DISABLED_Helper");
  argv.emplace_back("--gtest_also_run_disabled_tests");
  pid_ = spawn(std::move(argv), environment);
}

HelperProcess::~HelperProcess() {
  killAndReap();
}

void HelperProcess::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

void HelperProcess::killAndReap() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

int runToEnd(const std::vector<std::string>& argv) {
  const pid_t pid = spawn(argv, {});
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool isAlive(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(stat, text);
  const std::size_t name = text.rfind(')');
  return name != std::string::npos && text[name + 2] != 'Z';
}

pid_t pidIn(const std::string& file) {
  int pid = 0;
  std::ifstream(file) >> pid;
  return pid;
}

}  // namespace planwright
