#include "control/package_index.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "artifacts/wheel_metadata.h"
#include "control/missing.h"
#include "store/pg_array.h"
#include "store/row.h"

namespace planwright {
namespace {

/// One look into an index of Postgres for each: a page of so many takes some 50 ms.
constexpr std::size_t kMostPlans = 5'000;
constexpr std::size_t kMostWheels = 100'000;
constexpr std::size_t kMostSets = 100;
/// Some 200 bytes each.
constexpr std::size_t kMostFacts = 20'000;

Error tooMany(std::string_view queue) {
  return {
      ErrorKind::Conflict,
      fmt::format("The index of queue {0} would have more than {1} files or {2} wheels. Name one "
                  "of its plans: /simple/{0}@PLAN/.",
                  queue, kMostPlans, kMostWheels),
      "index-too-large",
      {}};
}

/// The file name of a path that the builder gave.
std::string_view fileOf(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::shared_ptr<WheelSet> setOf(const Rows& rows) {
  auto wheels = std::make_shared<WheelSet>();
  std::set<std::string, std::less<>> seen;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row row(rows, i);
    auto name = wheelName(row.text("name"));
    const std::string_view file = fileOf(row.text("name"));
    if (!name || !isProjectName(name->project) || !seen.emplace(file).second) continue;
    auto& files = (*wheels)[name->project];
    files.push_back(
        {std::string(file), std::move(*name), std::string(row.text("digest")), row.number("size")});
  }
  for (auto& [unused, files] : *wheels)
    std::sort(files.begin(), files.end(),
              [](const auto& a, const auto& b) { return a.file < b.file; });
  return wheels;
}

}  // namespace

Result<std::string> PackageIndex::buildOfPlan(Connection& connection, const std::string& queue,
                                              std::string_view plan) const {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(plan.data(), plan.data() + plan.size(), id);
  if (error != std::errc() || end != plan.data() + plan.size() || id <= 0)
    return notFound(fmt::format("There is no plan {}.", plan));
  const Rows rows = connection.run("package_index_of_plan", {id});
  if (rows.empty()) return missing(connection, "plan", id);
  if (const std::string of = rows.text(0, "queue"); of != queue)
    return notFound(
        fmt::format("Plan {0} is of queue {1}: its index is /simple/{1}@{0}/.", id, of));
  if (rows.isNull(0, "build"))
    return notFound(
        fmt::format("Plan {} has left no wheels: it is {}.", id, rows.text(0, "status")));
  return PgArray().add(rows.number(0, "build")).take();
}

Result<std::string> PackageIndex::builds(Connection& connection, const std::string& address) const {
  const std::size_t at = address.find('@');
  const std::string queue = address.substr(0, at);
  if (at != std::string::npos)
    return buildOfPlan(connection, queue, std::string_view(address).substr(at + 1));
  const Rows rows =
      connection.run("package_index", {queue, static_cast<std::int64_t>(kMostPlans + 1)});
  if (rows.size() > kMostPlans) return tooMany(queue);
  if (rows.empty() && !connection.run("is_queue", {queue}).flag(0, "known"))
    return notFound(
        fmt::format("There is no queue {}. The index of a queue is /simple/QUEUE/, that "
                    "of one of its plans /simple/QUEUE@PLAN/.",
                    queue));
  std::vector<std::pair<std::int64_t, std::int64_t>> found;
  for (std::size_t i = 0; i < rows.size(); ++i)
    found.emplace_back(rows.number(i, "plan"), rows.number(i, "build"));
  std::sort(found.rbegin(), found.rend());
  PgArray ids;
  for (const auto& [plan, build] : found) ids.add(build);
  return ids.take();
}

Result<PackageIndex::Wheels> PackageIndex::wheels(const std::string& address) {
  auto connection = parts_.database.lease(Workload::Keyed);
  const auto ids = builds(*connection, address);
  if (!ids) return ids.error();
  {
    auto sets = sets_.lock();
    if (const auto kept = sets->byBuilds.find(*ids); kept != sets->byBuilds.end())
      return kept->second;
  }
  const Rows rows =
      connection->run("wheels_of_builds", {*ids, static_cast<std::int64_t>(kMostWheels + 1)});
  if (rows.size() > kMostWheels) return tooMany(address.substr(0, address.find('@')));
  Wheels made = setOf(rows);
  auto sets = sets_.lock();
  if (sets->wheels + rows.size() > kMostWheels || sets->byBuilds.size() >= kMostSets) *sets = {};
  if (sets->byBuilds.emplace(*ids, made).second) sets->wheels += rows.size();
  return made;
}

Result<std::string> PackageIndex::projects(const std::string& address, IndexForm form) {
  const auto found = wheels(address);
  if (!found) return found.error();
  return projectList(address, **found, form);
}

Result<LateText> PackageIndex::project(const std::string& address, const std::string& project,
                                       IndexForm form) {
  auto found = wheels(address);
  if (!found) return found.error();
  const auto files = (*found)->find(project);
  if (files == (*found)->end())
    return notFound(fmt::format("The index {} has no project {}.", address, project));
  const auto& listed = files->second;
  const bool isAtOnce = std::all_of(listed.begin(), listed.end(), [&](const IndexedWheel& wheel) {
    return isKnown(wheel) || parts_.blobs.isOpenedAtOnce(*Digest::parse(wheel.digest));
  });
  return LateText{isAtOnce, [this, set = *found, &listed, project, form]() -> Result<std::string> {
                    std::vector<WheelFacts> facts;
                    facts.reserve(listed.size());
                    for (const auto& wheel : listed) facts.push_back(factsOf(wheel));
                    return projectPage(project, listed, facts, form);
                  }};
}

bool PackageIndex::lists(const std::string& address, const std::string& digest) {
  const auto found = wheels(address);
  return found && std::any_of((*found)->begin(), (*found)->end(), [&](const auto& project) {
           return std::any_of(project.second.begin(), project.second.end(),
                              [&](const IndexedWheel& wheel) { return wheel.digest == digest; });
         });
}

bool PackageIndex::isKnown(const IndexedWheel& wheel) {
  return facts_.lock()->contains(wheel.digest);
}

WheelFacts PackageIndex::factsOf(const IndexedWheel& wheel) {
  {
    auto facts = facts_.lock();
    if (const auto known = facts->find(wheel.digest); known != facts->end()) return known->second;
  }
  const auto file = parts_.blobs.open(*Digest::parse(wheel.digest));
  if (!file) return {};  // its bytes may come back, so that is not remembered
  WheelFacts made;
  if (const auto text = readWheelMetadata(file->get(), wheel.name.project))
    made = {Digest::of(*text).text(), requiresPython(*text)};
  auto facts = facts_.lock();
  if (facts->size() >= kMostFacts) facts->clear();
  facts->emplace(wheel.digest, made);
  return made;
}

LateText PackageIndex::metadata(const std::string& digest, const std::string& file) const {
  const auto name = wheelName(file);
  const auto parsed = Digest::parse(digest);
  return {!parsed || parts_.blobs.isOpenedAtOnce(*parsed),
          [this, name, parsed, file]() -> Result<std::string> {
            const auto none = notFound(fmt::format("There is no METADATA of {}.", file));
            if (!name || !parsed) return none;
            const auto bytes = parts_.blobs.open(*parsed);
            if (!bytes) return bytes.error();
            auto text = readWheelMetadata(bytes->get(), name->project);
            if (!text) return none;
            return std::move(*text);
          }};
}

}  // namespace planwright
