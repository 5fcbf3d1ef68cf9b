#include <fmt/format.h>

#include "artifacts/build_manifest.h"
#include "cli/command_groups.h"
#include "cli/fetch_folder.h"
#include "cli/output.h"

namespace planwright::cli {
namespace {

struct FetchArguments {
  std::int64_t build = 0;
  std::string folder;
};

std::string buildPath(std::int64_t id) {
  return "/api/builds/" + std::to_string(id);
}

BuildManifest manifestOf(Session& session, std::int64_t build, std::string& text) {
  Reply reply = session.client().get(buildPath(build) + "/manifest");
  if (!reply.ok()) throw failureOf(reply, "planwright builds list");
  auto manifest = BuildManifest::parse(reply.body);
  if (!manifest) throw CommandFailure(ExitCode::NotAllowed, manifest.error().message);
  text = std::move(reply.body);
  return std::move(*manifest);
}

/// By its digest, so that it is the same whatever happens to the build meanwhile.
void download(Session& session, FetchFolder::Part& part, const Artifact& artifact) {
  if (part.sizeBytes() == artifact.sizeBytes) return;
  std::string error;
  const std::int64_t from = part.sizeBytes();
  bool isFirst = true;
  const int status = session.client().download(
      "/api/blobs/" + artifact.digest, from,
      [&](int answered, std::string_view bytes) {
        if (isFirst && answered == 200 && from > 0) part.startOver();
        isFirst = false;
        part.append(bytes);
      },
      error);
  if (status == 200 || status == 206) return;
  Reply reply;
  reply.status = status;
  reply.body = error;
  throw failureOf(reply, "planwright builds list");
}

void fetchOne(Session& session, FetchFolder& folder, const Artifact& artifact) {
  // What an earlier fetch left may be broken: then once more from the start.
  for (const bool isResumed : {folder.part(artifact).sizeBytes() > 0, false}) {
    auto part = folder.part(artifact);
    download(session, part, artifact);
    if (folder.publish(std::move(part), artifact)) return;
    if (!isResumed) break;
  }
  throw CommandFailure(ExitCode::WorkFailed,
                       fmt::format("{} did not arrive with the digest of the manifest ({}); "
                                   "nothing was put in its place",
                                   printable(artifact.path), artifact.digest));
}

ExitCode fetch(Session& session, const FetchArguments& arguments) {
  std::string text;
  const BuildManifest manifest = manifestOf(session, arguments.build, text);
  const std::string target =
      arguments.folder.empty() ? fmt::format("build-{}", arguments.build) : arguments.folder;
  FetchFolder folder(target);
  int fetched = 0;
  int there = 0;
  for (const auto& artifact : manifest.artifacts) {
    const bool isThere = folder.has(artifact);
    if (!isThere) fetchOne(session, folder, artifact);
    ++(isThere ? there : fetched);
    session.terminal.out << printable(artifact.path) << '\n';
  }
  folder.keep("manifest.json", text);
  const Reply statement = session.client().get(buildPath(arguments.build) + "/provenance");
  if (statement.ok()) folder.keep("provenance.json", statement.body);
  session.terminal.err << fmt::format("{} files fetched to {}, {} were there already\n", fetched,
                                      target, there);
  return ExitCode::Done;
}

}  // namespace

void addFetchCommand(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("fetch", "the files that a build left, checked");
  const auto arguments = std::make_shared<FetchArguments>();
  command->add_option("BUILD", arguments->build, "its id")->required();
  command->add_option("DIR", arguments->folder, "where to (default: build-ID)");
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return fetch(session, *arguments); };
  });
}

}  // namespace planwright::cli
