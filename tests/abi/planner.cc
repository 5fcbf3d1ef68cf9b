// Plans one job whose name says what it sees: the minor of the header it was built with, that of
// its host, and whether it was given what only the next header has. Plain C tables: this is about
// them.
#include <cstdio>
#include <string>

#include "planwright/plugin.h"

namespace {

const pw_host* host = nullptr;

pw_status create(const pw_host* given, pw_call*, pw_str, pw_str, void** self) {
  host = given;
  static int one = 0;
  *self = &one;
  return PW_OK;
}
void destroy(void*) {}

pw_status plan(void*, pw_call* call, const pw_input* input) {
#ifdef OF_NEXT
  const bool isGiven = PW_REACHES(input, of_next) && PW_REACHES(host, of_next);
  const bool isCallable = PW_HAS(host, of_next);
#else
  const bool isGiven = false, isCallable = false;
#endif
  char text[256];
  std::snprintf(text, sizeof text,
                R"({"jobs":[{"id":"plugin-%d.host-%u.%s.%s","spec":{"command":["true","%.*s"]}}]})",
                PW_ABI_MINOR, host->abi_minor, isGiven ? "given" : "not-given",
                isCallable ? "callable" : "not-callable", static_cast<int>(input->inline_data.len),
                input->inline_data.ptr);
  const std::string document = text;
  return host->emit(host->ctx, call, {"plan", 4}, {document.data(), document.size()});
}

constexpr pw_stage kStage = [] {
  pw_stage stage{};
  stage.size = sizeof stage;
  stage.create = create;
  stage.destroy = destroy;
  return stage;
}();
constexpr pw_planner kPlanner = [] {
  pw_planner planner{};
  planner.size = sizeof planner;
  planner.stage = &kStage;
  planner.plan = plan;
  return planner;
}();

const void* getInterface(const char* id) {
  return std::string(id) == PW_PLANNER ? &kPlanner : nullptr;
}

constexpr pw_module module() {
  pw_module module{};
  module.magic = PW_MAGIC;
  module.size = sizeof module;
  module.abi_major = PW_ABI_MAJOR;
  module.abi_minor = PW_ABI_MINOR;
  module.id = "test.abi";
  module.version = "1.0.0";
  module.get_interface = getInterface;
  return module;
}

}  // namespace

extern "C" PW_EXPORT const pw_module planwright_module = module();
