#include "planner_wheels/pip_error.h"

#include <string>

#include <gtest/gtest.h>

namespace wheels {
namespace {

TEST(PipError, NamesTheLineInTheWordsOfEachPip) {
  EXPECT_EQ(
      explainPipError("", "ERROR: Invalid requirement: 'a b' (from line 2 of requirements.txt)\n")
          .message,
      "pip: Invalid requirement: 'a b' (from line 2 of requirements.txt)");
  const std::string newer =
      "ERROR: Invalid requirement: 'a b': Expected end or semicolon\n"
      "    a b\n"
      "      ^ (from line 2 of requirements.txt)\n";
  EXPECT_EQ(explainPipError("", newer).message,
            "pip: Invalid requirement: 'a b': Expected end or semicolon (from line 2 of "
            "requirements.txt)");
}

TEST(PipError, NamesTheProjectThatDoesNotBuild) {
  const std::string said =
      "  \u00d7 Preparing metadata (pyproject.toml) did not run successfully.\n"
      "      RuntimeError: no way\n"
      "      [end of output]\n";
  const std::string expected =
      "pip: Preparing metadata (pyproject.toml) did not run successfully: RuntimeError: no way "
      "(x-1.0.tar.gz)";
  for (const char* from : {"Processing ./x-1.0.tar.gz\n", "Processing /a/x-1.0.tar.gz\n",
                           "Processing x-1.0.tar.gz (from -r requirements.txt (line 1))\n",
                           "Processing /a/x-1.0.tar.gz (from -r b/requirements.txt (line 1))\n"})
    EXPECT_EQ(explainPipError(from, said).message, expected) << from;
}

}  // namespace
}  // namespace wheels
