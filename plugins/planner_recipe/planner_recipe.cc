#include "planwright/plugin.hpp"

#include "recipe.h"

namespace {

constexpr std::size_t kRecipeLimitBytes = std::size_t{4} << 20;

/// planwright.recipe: a recipe already says all that a plan holds, so this only checks and
/// translates it.
class RecipePlanner {
 public:
  explicit RecipePlanner(const pw::Settings& settings) : variables_(settings.map("variables")) {}

  void plan(const pw::Input& input, pw::Plan& plan, pw::Call&) {
    if (input.size() > kRecipeLimitBytes) pw::reject("a recipe has at most 4 MiB");
    const auto jobs = recipe::readRecipe(input.text(), variables_);
    for (const auto& job : jobs) add(plan, job);
    plan.summary("jobs", static_cast<std::int64_t>(jobs.size()));
  }

 private:
  static void add(pw::Plan& plan, const recipe::Job& job) {
    auto out = plan.job(job.id.text);
    for (const auto& need : job.needs) out.after(need.text);
    if (job.argv.empty())
      out.shell(job.script);
    else
      out.command(job.argv);
    for (const auto& [name, value] : job.env) out.env(name, value);
    for (const auto& input : job.inputs) {
      if (input.source.empty())
        out.text(input.path.text, input.text);
      else
        out.input(input.path.text, input.source);
    }
    for (const auto& glob : job.outputs) out.output(glob);
    if (job.timeout) out.timeout(*job.timeout);
    if (job.cpus) out.cpus(*job.cpus);
    if (job.memoryBytes) out.memory(*job.memoryBytes);
    if (job.processes) out.processes(*job.processes);
    if (job.cacheable) out.cacheable();
  }

  const std::map<std::string, std::string> variables_;
};

}  // namespace

PW_MODULE("planwright.recipe", "1.0.0", pw::Planner<RecipePlanner>)
