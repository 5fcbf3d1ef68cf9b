// A host that plans one input with the only plugin of a folder, in this process, and prints the
// plan.
#include <cstdio>

#include "stages/registry.h"
#include "stages/stage_call.h"
#include "support/stage_fakes.h"
#include "support/temp_folder.h"

int main(int, char** arguments) {
  using namespace planwright;
  TempFolder folder;
  ScriptedPrograms programs;
  std::filesystem::copy(arguments[1], folder.path() / "plugin.so");
  const Plugins plugins({{folder.path()}, folder.path() / "store", {}}, programs);
  const auto planner = plugins.planner("test.abi", "q", "{}");
  if (!planner) {
    std::printf("%s\n", planner.error().message.c_str());
    return 1;
  }
  FakeServices services;
  StageCall call(services);
  const auto outcome =
      (*planner)->plan({"1", "a.txt", "", "text/plain", "{}", "hello", 5, true, 1}, call);
  std::printf("%s\n", outcome.failure ? outcome.failure->message.c_str() : outcome.text.c_str());
  return outcome.failure ? 1 : 0;
}
