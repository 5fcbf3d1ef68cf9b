#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>

#include "artifacts/build_manifest.h"
#include "artifacts/provenance.h"
#include "base/digest.h"
#include "base/files.h"
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

namespace fs = std::filesystem;

constexpr std::string_view kKeyBegin = "-----BEGIN PUBLIC KEY-----";

struct VerifyArguments {
  std::string artifact, statement, key;
};

std::string readOrFail(const std::string& file, const std::string& what) {
  try {
    return readFile(file);
  } catch (const std::system_error& e) {
    throw CommandFailure(ExitCode::NotFound, fmt::format("the {} {} cannot be read: {}", what, file,
                                                         e.code().message()));
  }
}

Digest digestOfFile(const std::string& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  Sha256 hash;
  std::string piece(256 * 1024, '\0');
  for (;;) {
    const ssize_t n = fd ? ::read(fd.get(), piece.data(), piece.size()) : -1;
    if (n < 0)
      throw CommandFailure(ExitCode::NotFound,
                           fmt::format("{} cannot be read: {}", file, std::strerror(errno)));
    if (n == 0) return hash.finish();
    hash.update({piece.data(), static_cast<std::size_t>(n)});
  }
}

/// What `planwright fetch` left in a folder above the artifact.
std::string statementNear(const std::string& artifact) {
  const fs::path start = fs::absolute(artifact).lexically_normal().parent_path();
  for (fs::path folder = start;; folder = folder.parent_path()) {
    const fs::path found = folder / FetchFolder::kAbout / "provenance.json";
    if (fs::exists(found)) return found.string();
    if (folder == folder.parent_path()) break;
  }
  throw CommandFailure(ExitCode::Usage,
                       "there is no statement beside " + artifact + "; name it: --statement FILE");
}

/// The keys that this person trusts: never one that came with the artifact.
std::vector<PublicKey> trustedKeys(const std::string& chosen) {
  const char* set = std::getenv("PLANWRIGHT_KEY");
  const std::string file = !chosen.empty() ? chosen : set ? set : "";
  if (file.empty())
    throw CommandFailure(ExitCode::Usage,
                         "name the key that you trust: --key FILE, or PLANWRIGHT_KEY",
                         "planwright key show > planwright.pub   (asks the server that you trust)");
  const std::string text = readOrFail(file, "key");
  std::vector<PublicKey> keys;
  for (auto at = text.find(kKeyBegin); at != std::string::npos;) {
    const auto next = text.find(kKeyBegin, at + 1);
    auto key = PublicKey::fromPem(text.substr(at, next == std::string::npos ? next : next - at));
    if (!key) throw CommandFailure(ExitCode::Usage, file + ": " + key.error().message);
    keys.push_back(std::move(*key));
    at = next;
  }
  if (keys.empty())
    throw CommandFailure(ExitCode::Usage, file + ": " + PublicKey::fromPem(text).error().message);
  return keys;
}

ExitCode verify(Session& session, const VerifyArguments& arguments) {
  const std::string digest = digestOfFile(arguments.artifact).text();
  const std::string statement =
      arguments.statement.empty() ? statementNear(arguments.artifact) : arguments.statement;
  const std::string envelope = readOrFail(statement, "statement");
  const std::string name = fs::path(arguments.artifact).filename().string();
  std::optional<Error> problem;
  for (const auto& key : trustedKeys(arguments.key)) {
    const auto verified = verifyArtifact(envelope, key, name, digest);
    if (verified) {
      auto& out = session.terminal.out;
      out << printable(arguments.artifact) << ": good\n"
          << "  subject    " << printable(verified->subject) << '\n'
          << "  digest     " << digest << '\n'
          << "  made by    " << printable(verified->invocation) << '\n'
          << "  finished   " << printable(verified->finishedOn) << '\n'
          << "  signed by  " << key.id() << '\n'
          << "  materials  "
          << (verified->materialsAreComplete
                  ? "complete"
                  : "incomplete: jobs may have read more than the statement names")
          << '\n';
      return ExitCode::Done;
    }
    // Of several keys, the one that signed it says most.
    if (!problem || problem->code == "wrong-key") problem = verified.error();
  }
  throw CommandFailure(ExitCode::WorkFailed, printable(arguments.artifact) + " is refused. " +
                                                 printable(problem->message));
}

ExitCode showKeys(Session& session) {
  const Reply reply = session.client().get("/api/provenance/keys");
  if (!reply.ok()) throw failureOf(reply);
  const auto document = parseJson(reply.body);
  const JsonValue* items = document ? find(*document, "items") : nullptr;
  if (!items || !items->IsArray())
    throw CommandFailure(ExitCode::Unreachable, "this is no planwright server");
  if (!session.isTable()) {
    session.terminal.out << reply.body << '\n';
    return ExitCode::Done;
  }
  for (const auto& key : items->GetArray()) session.terminal.out << textOr(key, "public_key");
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

void addVerifyCommands(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("verify", "is this file what a build made? Works offline");
  const auto arguments = std::make_shared<VerifyArguments>();
  command->add_option("ARTIFACT", arguments->artifact, "the file")->required();
  command->add_option("--statement", arguments->statement,
                      "its provenance (default: what fetch left beside it)");
  command->add_option("--key", arguments->key, "public keys that you trust (else PLANWRIGHT_KEY)");
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return verify(session, *arguments); };
  });
  CLI::App* group = addGroup(app, "key", "the keys that builds are signed with");
  group->add_subcommand("show", "the public keys of all hosts, old ones too, in PEM form")
      ->callback([&session] { session.action = [&session] { return showKeys(session); }; });
  addRotateCommand(*group, session);
}

}  // namespace planwright::cli
