#include "offline/retention_commands.h"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>

#include "offline/installation.h"
#include "upkeep/retention.h"

namespace planwright {
namespace {

constexpr int kDone = 0;
constexpr int kUsage = 2;
constexpr int kNotFound = 3;
constexpr int kConflict = 5;

int sayBusy(std::ostream& err) {
  err << "planwright: a host is deleting at this moment; try again in a while\n";
  return kConflict;
}

void print(std::ostream& out, const std::string& queue, const char* verb, const Pruned& pruned) {
  out << fmt::format("{}: {} {} inputs, {} plans, {} builds, {} jobs, {} attempts\n", queue, verb,
                     pruned.inputs, pruned.plans, pruned.builds, pruned.jobs, pruned.attempts);
}

int explain(BlobCollector& collector, const std::string& text, std::ostream& out,
            std::ostream& err) {
  const auto digest = Digest::parse(text);
  if (!digest) {
    err << "planwright: \"" << text << "\" is no digest; write sha256: and 64 hex digits\n";
    return kUsage;
  }
  const auto found = collector.explain(*digest);
  if (!found.isKnown && found.users.empty()) {
    err << "planwright: there is no blob " << text << '\n';
    return kNotFound;
  }
  if (found.isKnown)
    out << fmt::format("{}  {} bytes, {}\n", text, found.sizeBytes,
                       found.isLarge ? "in the large store" : "in the database");
  else
    out << text << "  is missing\n";
  for (const auto& user : found.users)
    out << fmt::format("reached by {} {}{}\n",
                       user.kind == "manifest" ? "the manifest of build" : user.kind, user.id,
                       user.kind == "input"  ? " (its content)"
                       : user.kind == "plan" ? " (its document, or named by it)"
                       : user.kind == "job"  ? " (an output)"
                                             : "");
  if (found.users.empty())
    out << "reached by nothing"
        << (found.doomedSince.empty() ? "; the next collection will doom it"
                                      : "; doomed since " + found.doomedSince)
        << '\n';
  return kDone;
}

}  // namespace

int prune(const Config& config, const PruneOptions& options, std::ostream& out, std::ostream& err) {
  if (!options.queue.empty() && !config.queue(options.queue)) {
    err << "planwright: the configuration has no queue " << options.queue << '\n';
    return kNotFound;
  }
  Installation here(config);
  SystemClock clock;
  const Live<Config> live(config);
  Retention retention({here.database(), here.folder(), live, here.metrics(), clock});
  for (const auto& queue : config.queues) {
    if (!options.queue.empty() && queue.name != options.queue) continue;
    if (!queue.prune.inputs && !queue.prune.plans) {
      out << queue.name << ": nothing is ever pruned (no `prune:` in the configuration)\n";
      continue;
    }
    const auto pruned = retention.pruneNow(queue, options.isDryRun);
    if (!pruned) return sayBusy(err);
    print(out, queue.name, options.isDryRun ? "would delete" : "deleted", *pruned);
  }
  return kDone;
}

int collect(const Config& config, const CollectOptions& options, std::ostream& out,
            std::ostream& err) {
  Installation here(config);
  const auto connection = here.database().dedicated(Workload::Queries);
  BlobCollector collector({*connection, here.folder(), config.blobs.grace, here.metrics()});
  if (!options.explain.empty()) return explain(collector, options.explain, out, err);
  if (options.isDryRun) {
    const auto found = collector.look({});
    out << fmt::format(
        "{} blobs of {} bytes are reached by nothing; the next collection would delete {} of them "
        "({} bytes) and {} files without a row\n",
        found.blobs, found.bytes, found.dueBlobs, found.dueBytes, found.dueFiles);
    return kDone;
  }
  const RetentionLock lock(*connection);
  if (!lock) return sayBusy(err);
  const auto done = collector.collect({});
  out << fmt::format("deleted {} blobs of {} bytes, {} files and {} logs; doomed {} blobs\n",
                     done.blobs, done.bytes, done.files, done.logs, done.doomed);
  return kDone;
}

}  // namespace planwright
