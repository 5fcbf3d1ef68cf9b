#include "control/contents.h"

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/json.h"
#include "control/missing.h"
#include "logs/ansi_filter.h"
#include "logs/log_reader.h"
#include "model/plan_diff.h"
#include "store/pg_array.h"
#include "store/row.h"

namespace planwright {

namespace {

std::uint64_t sizeOf(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) throw std::system_error(errno, std::generic_category(), "fstat");
  return static_cast<std::uint64_t>(status.st_size);
}

/// The text of a log in a file that has no name, on request without terminal escape sequences.
UniqueFd textOf(const std::filesystem::path& log, bool withoutAnsi) {
  UniqueFd to(
      ::open(std::filesystem::temp_directory_path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!to) to.reset(::memfd_create("log", MFD_CLOEXEC));
  if (!to) throw std::system_error(errno, std::generic_category(), "memfd_create");
  AnsiFilter filter;
  LogReader reader(log);
  reader.copy(0, reader.sizeBytes(), [&](std::string_view piece) {
    if (withoutAnsi)
      writeAll(to.get(), filter.feed(piece));
    else
      writeAll(to.get(), piece);
  });
  ::lseek(to.get(), 0, SEEK_SET);
  return to;
}

}  // namespace

Result<Content> Contents::open(const std::string& text, std::string fileName) const {
  const auto digest = Digest::parse(text);
  if (!digest) return notFound(fmt::format("\"{}\" is no digest.", text));
  auto file = parts_.blobs.open(*digest);
  if (!file)
    return Error{
        ErrorKind::Gone, fmt::format("The bytes of {} have been pruned.", text), "pruned", {}};
  const std::uint64_t size = sizeOf(file->get());
  return Content{
      .file = std::move(*file), .sizeBytes = size, .digest = text, .fileName = std::move(fileName)};
}

Result<Content> Contents::ofInput(std::int64_t input) const {
  auto connection = parts_.database.lease();
  const Rows rows = connection->run("api_input", {input});
  if (rows.empty()) return missing(*connection, "input", input);
  const Row row(rows, 0);
  return open(std::string(row.text("digest")),
              std::filesystem::path(row.text("filename")).filename().string());
}

Result<Content> Contents::ofPlan(std::int64_t plan) const {
  auto connection = parts_.database.lease();
  const Rows rows = connection->run("api_plan", {plan});
  if (rows.empty()) return missing(*connection, "plan", plan);
  return open(std::string(Row(rows, 0).text("plan_digest")), fmt::format("plan-{}.json", plan));
}

Result<std::string> Contents::planDiff(std::int64_t from, std::int64_t to) const {
  const auto before = ofPlan(from);
  if (!before) return before.error();
  const auto after = ofPlan(to);
  if (!after) return after.error();
  const auto diff = diffPlans(readAll(before->file.get()), readAll(after->file.get()));
  if (!diff) throw std::runtime_error("a stored plan: " + diff.error().message);
  return JsonWriter()
      .object()
      .member("from", from)
      .member("to", to)
      .rawMember("diff", diff->json())
      .end()
      .take();
}

Result<Content> Contents::manifestOf(std::int64_t build) const {
  auto connection = parts_.database.lease();
  const Rows rows = connection->run("api_build", {build});
  if (rows.empty()) return missing(*connection, "build", build);
  const Row row(rows, 0);
  if (row.isNull("manifest_digest"))
    return notFound(fmt::format("Build {} has no manifest: it is {}.", build, row.text("status")));
  return open(std::string(row.text("manifest_digest")), fmt::format("manifest-{}.json", build));
}

Result<BuildManifest> Contents::readManifest(std::int64_t build) const {
  const auto content = manifestOf(build);
  if (!content) return content.error();
  return BuildManifest::parse(readAll(content->file.get()));
}

Result<Content> Contents::artifact(std::int64_t build, std::string_view path) const {
  const auto manifest = readManifest(build);
  if (!manifest) return manifest.error();
  const Artifact* artifact = manifest->find(path);
  if (!artifact)
    return notFound(
        fmt::format("Build {} left no file {}; its manifest names those it left.", build, path));
  return open(artifact->digest, std::filesystem::path(artifact->path).filename().string());
}

Result<ArtifactArchive> Contents::archive(std::int64_t build, ArchiveFormat format) const {
  auto manifest = readManifest(build);
  if (!manifest) return manifest.error();
  PgArray digests;
  for (const auto& artifact : manifest->artifacts) digests.add(artifact.digest);
  const Rows rows = parts_.database.lease()->run("api_archive", {build, digests.take()});
  if (rows.empty()) return notFound(fmt::format("There is no build {}.", build));
  if (const std::string lost = rows.text(0, "lost"); !lost.empty())
    return Error{
        ErrorKind::Gone, fmt::format("The bytes of {} have been pruned.", lost), "pruned", {}};
  const char* ending = format == ArchiveFormat::Tar ? "tar" : "zip";
  ArtifactArchive archive;
  archive.tag = fmt::format("{}-{}", Digest::of(manifest->json()).text(), ending);
  archive.fileName = fmt::format("build-{}.{}", build, ending);
  archive.write = [this, format, fileTime = rows.number(0, "ended"),
                   artifacts = std::move(manifest->artifacts)](const ByteSink& sink) {
    ArchiveWriter writer(format, fileTime, sink);
    for (const auto& artifact : artifacts) {
      const auto content = open(artifact.digest, {});
      if (!content) throw std::runtime_error(content.error().message);
      writer.add(artifact.path, artifact.mode, artifact.sizeBytes, content->file.get());
    }
    writer.finish();
  };
  return archive;
}

Result<Content> Contents::blob(const std::string& digest) const {
  auto content = open(digest, digest);
  if (!content && content.error().kind == ErrorKind::Gone)
    return notFound(fmt::format("There is no blob {}.", digest));
  return content;
}

Result<LogPlace> Contents::log(std::int64_t job, std::optional<std::int64_t> n) const {
  auto connection = parts_.database.lease();
  const Rows rows =
      connection->run("api_attempt", {job, n ? std::optional(std::to_string(*n)) : std::nullopt});
  if (!rows.empty())
    return LogPlace{.path = parts_.logs.folder() / rows.text(0, "id"),
                    .attempt = rows.number(0, "id"),
                    .isComplete = rows.flag(0, "is_over")};
  if (connection->run("api_job", {job}).empty()) return missing(*connection, "job", job);
  if (n) return notFound(fmt::format("Job {} has no attempt {}.", job, *n));
  return LogPlace{};
}

Result<Content> Contents::logBytes(std::int64_t job, std::optional<std::int64_t> n,
                                   bool withoutAnsi) const {
  const auto place = log(job, n);
  if (!place) return place.error();
  UniqueFd file = place->attempt == 0 ? memoryFile("") : textOf(place->path, withoutAnsi);
  const std::uint64_t size = sizeOf(file.get());
  return Content{.file = std::move(file),
                 .sizeBytes = size,
                 .digest = {},
                 .fileName = fmt::format("job-{}.log", job)};
}

}  // namespace planwright
