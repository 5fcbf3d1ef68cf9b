// Old and new plugins in old and new hosts of one major: each works, and what only one side knows
// is not used (tests/abi).
#include <cstdio>
#include <string>

#include <gtest/gtest.h>

#include "planwright/plugin.h"

namespace planwright::version_matrix_test {
namespace {

constexpr int kNext = 99;

std::string output(const std::string& command) {
  std::string text;
  std::FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
  char piece[512];
  while (pipe && std::fgets(piece, sizeof piece, pipe)) text += piece;
  if (pipe) ::pclose(pipe);
  return text;
}

struct Side {
  const char* name;
  int minor;
};

TEST(VersionMatrix, EveryPluginRunsInEveryHostOfItsMajor) {
  for (const Side host : {Side{"present", PW_ABI_MINOR}, Side{"next", kNext}})
    for (const Side plugin :
         {Side{"first", 0}, Side{"present", PW_ABI_MINOR}, Side{"next", kNext}}) {
      const std::string folder = BINARY_DIR "/tests/abi/";
      const bool isGiven = host.minor == kNext && plugin.minor == kNext;
      EXPECT_EQ(
          output(folder + "abi_host_" + host.name + " " + folder + "abi_" + plugin.name + ".so"),
          R"({"jobs":[{"id":"plugin-)" + std::to_string(plugin.minor) + ".host-" +
              std::to_string(host.minor) + (isGiven ? ".given" : ".not-given") +
              R"(.not-callable","spec":{"command":["true","hello"]}}]})" + "\n")
          << plugin.name << " plugin, " << host.name << " host";
    }
}

}  // namespace
}  // namespace planwright::version_matrix_test
