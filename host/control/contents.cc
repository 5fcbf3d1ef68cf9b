#include "control/contents.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>

#include "base/ansi_filter.h"
#include "base/file_state.h"
#include "base/files.h"
#include "base/json.h"
#include "control/archive_pieces.h"
#include "control/missing.h"
#include "logs/log_reader.h"
#include "model/plan_diff.h"
#include "store/pg_array.h"
#include "store/row.h"

namespace planwright {

namespace {

/// The bytes of a log from `offset` on, with `note` behind them.
NextPiece piecesOf(const std::shared_ptr<LogReader>& log, const std::string& note,
                   std::uint64_t offset, std::uint64_t size) {
  return [log, note, at = offset, end = offset + size]() mutable -> std::optional<std::string> {
    const std::uint64_t textEnd = log->sizeBytes();
    std::string piece;
    if (at < textEnd)
      piece = log->piece(at, std::min(end, textEnd));
    else if (at < end)
      piece = note.substr(at - textEnd, end - at);
    if (piece.empty()) return std::nullopt;
    at += piece.size();
    return piece;
  };
}

/// All of them without terminal escape sequences.
NextPiece plainPiecesOf(const std::shared_ptr<LogReader>& log, const std::string& note) {
  return [next = piecesOf(log, note, 0, log->sizeBytes() + note.size()),
          filter = AnsiFilter()]() mutable -> std::optional<std::string> {
    while (const auto piece = next())
      if (std::string plain = filter.feed(*piece); !plain.empty()) return plain;
    return std::nullopt;
  };
}

std::string buildAgain(std::int64_t plan) {
  return fmt::format("Build it again: planwright enqueue-build {} --force.", plan);
}

}  // namespace

Result<Content> Contents::open(const Named& named) const {
  const auto digest = Digest::parse(named.digest);
  if (!digest) return notFound(fmt::format("\"{}\" is no digest.", named.digest));
  auto file = parts_.blobs.open(*digest);
  if (!file && isLostBlob(file.error()))
    return Error{
        file.error().kind,
        fmt::format("{} cannot be given. {} {}", named.what, file.error().message, named.remedy),
        file.error().code,
        {}};
  if (!file)
    return Error{ErrorKind::Gone,
                 fmt::format("The bytes of {} have been pruned.", named.digest),
                 "pruned",
                 {}};
  const FileState state = stateOf(file->get());
  auto isIntact = [this, state, name = *digest](int fd, bool mayRead) {
    const FileState now = stateOf(fd);
    // A change of the inode alone: it was renamed or unlinked meanwhile.
    const bool isOnlyMoved = now.device == state.device && now.inode == state.inode &&
                             now.sizeBytes == state.sizeBytes && now.modifiedNs == state.modifiedNs;
    return isOnlyMoved || parts_.blobs.isIntact(fd, name, mayRead);
  };
  return Content{.file = std::move(*file),
                 .sizeBytes = static_cast<std::uint64_t>(state.sizeBytes),
                 .digest = named.digest,
                 .fileName = named.fileName,
                 .isIntact = std::move(isIntact)};
}

LateContent Contents::late(Named named) const {
  const auto digest = Digest::parse(named.digest);
  return {.isAtOnce = !digest || parts_.blobs.isOpenedAtOnce(*digest),
          .open = [this, named = std::move(named)] { return open(named); }};
}

Result<LateContent> Contents::ofInput(std::int64_t input) const {
  auto connection = parts_.database.lease();
  const Rows rows = connection->run("api_input", {input});
  if (rows.empty()) return missing(*connection, "input", input);
  const Row row(rows, 0);
  const std::string name(row.text("filename"));
  return late({.digest = std::string(row.text("digest")),
               .what = fmt::format("The file {} of input {}", name, input),
               .remedy = "Upload the file again.",
               .fileName = std::filesystem::path(name).filename().string()});
}

Result<Content> Contents::ofPlan(std::int64_t plan) const {
  auto connection = parts_.database.lease();
  const Rows rows = connection->run("api_plan", {plan});
  if (rows.empty()) return missing(*connection, "plan", plan);
  const Row row(rows, 0);
  return open({.digest = std::string(row.text("plan_digest")),
               .what = fmt::format("The document of plan {}", plan),
               .remedy = fmt::format("Plan its input again: planwright enqueue-plan {} --force.",
                                     row.number("pending_input_id")),
               .fileName = fmt::format("plan-{}.json", plan)});
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
  return open({.digest = std::string(row.text("manifest_digest")),
               .what = fmt::format("The manifest of build {}", build),
               .remedy = buildAgain(row.number("plan_id")),
               .fileName = fmt::format("manifest-{}.json", build)});
}

Result<BuildManifest> Contents::readManifest(std::int64_t build) const {
  const auto content = manifestOf(build);
  if (!content) return content.error();
  return BuildManifest::parse(readAll(content->file.get()));
}

Result<LateContent> Contents::artifact(std::int64_t build, std::string_view path) const {
  const auto manifest = readManifest(build);
  if (!manifest) return manifest.error();
  const Artifact* artifact = manifest->find(path);
  if (!artifact)
    return notFound(
        fmt::format("Build {} left no file {}; its manifest names those it left.", build, path));
  const Rows rows = parts_.database.lease()->run("api_build", {build});
  if (rows.empty()) return notFound(fmt::format("There is no build {}.", build));
  return late(named(build, Row(rows, 0).number("plan_id"), *artifact));
}

Contents::Named Contents::named(std::int64_t build, std::int64_t plan, const Artifact& artifact) {
  return {.digest = artifact.digest,
          .what = fmt::format("The artifact {} of build {}", artifact.path, build),
          .remedy = buildAgain(plan),
          .fileName = std::filesystem::path(artifact.path).filename().string()};
}

Result<MadeContent> Contents::archive(std::int64_t build, ArchiveFormat format) const {
  auto manifest = readManifest(build);
  if (!manifest) return manifest.error();
  PgArray digests;
  for (const auto& artifact : manifest->artifacts) digests.add(artifact.digest);
  const Rows rows = parts_.database.lease()->run("api_archive", {build, digests.take()});
  if (rows.empty()) return notFound(fmt::format("There is no build {}.", build));
  if (const std::string lost = rows.text(0, "lost"); !lost.empty())
    return Error{
        ErrorKind::Gone, fmt::format("The bytes of {} have been pruned.", lost), "pruned", {}};
  const std::int64_t plan = rows.number(0, "plan_id");
  const std::string missed = rows.text(0, "missed");
  for (const auto& artifact : manifest->artifacts) {
    if (missed.empty() || missed.find(artifact.digest) == std::string::npos) continue;
    if (const auto content = open(named(build, plan, artifact)); !content) return content.error();
  }
  const char* ending = format == ArchiveFormat::Tar ? "tar" : "zip";
  MadeContent archive;
  archive.tag = fmt::format("{}-{}", Digest::of(manifest->json()).text(), ending);
  archive.fileName = fmt::format("build-{}.{}", build, ending);
  const auto bytesOf = [this, build, plan](const Artifact& artifact) {
    auto content = open(named(build, plan, artifact));
    if (!content) throw std::runtime_error(content.error().message);
    return std::move(*content);
  };
  archive.open = [pieces = std::make_shared<ArchivePieces>(
                      format, rows.number(0, "ended"), std::move(manifest->artifacts), bytesOf)](
                     std::uint64_t, std::uint64_t) -> NextPiece {
    return [pieces] { return pieces->next(); };
  };
  return archive;
}

LateContent Contents::blob(const std::string& digest) const {
  LateContent content = late({.digest = digest,
                              .what = "The blob",
                              .remedy = "Upload the same bytes again, or see planwright doctor.",
                              .fileName = digest});
  content.open = [open = std::move(content.open), digest]() -> Result<Content> {
    auto opened = open();
    if (!opened && opened.error().kind == ErrorKind::Gone)
      return notFound(fmt::format("There is no blob {}.", digest));
    return opened;
  };
  return content;
}

LateContent Contents::wheel(const std::string& digest, const std::string& file) const {
  return late(
      {.digest = digest,
       .what = fmt::format("The wheel {}", file),
       .remedy = "Build the plan that left it again: planwright enqueue-build PLAN --force.",
       .fileName = file});
}

std::int64_t LogPlace::cutBytes(std::uint64_t there) const {
  return isComplete ? std::max<std::int64_t>(0, textBytes - static_cast<std::int64_t>(there)) : 0;
}

Result<LogPlace> Contents::log(std::int64_t job, std::optional<std::int64_t> n) const {
  auto connection = parts_.database.lease();
  const Rows rows =
      connection->run("api_attempt", {job, n ? std::optional(std::to_string(*n)) : std::nullopt});
  if (!rows.empty())
    return LogPlace{.path = parts_.logs.folder() / rows.text(0, "id"),
                    .attempt = rows.number(0, "id"),
                    .isComplete = rows.flag(0, "is_over"),
                    .textBytes = rows.number(0, "log_bytes")};
  if (connection->run("api_job", {job}).empty()) return missing(*connection, "job", job);
  if (n) return notFound(fmt::format("Job {} has no attempt {}.", job, *n));
  return LogPlace{};
}

Result<MadeContent> Contents::logBytes(std::int64_t job, std::optional<std::int64_t> n,
                                       bool withoutAnsi) const {
  const auto place = log(job, n);
  if (!place) return place.error();
  const auto reader =
      std::make_shared<LogReader>(place->attempt == 0 ? std::filesystem::path() : place->path);
  const auto cut = place->cutBytes(reader->sizeBytes());
  const std::string note =
      cut > 0 ? fmt::format("[planwright: the last {} bytes of this log are missing]\n", cut) : "";
  MadeContent made;
  made.fileName = fmt::format("job-{}.log", job);
  if (!withoutAnsi) made.sizeBytes = reader->sizeBytes() + note.size();
  made.open = [reader, note, withoutAnsi](std::uint64_t offset, std::uint64_t size) {
    return withoutAnsi ? plainPiecesOf(reader, note) : piecesOf(reader, note, offset, size);
  };
  return made;
}

}  // namespace planwright
