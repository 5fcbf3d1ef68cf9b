#include "git_source.h"

#include <filesystem>
#include <iterator>
#include <string_view>
#include <utility>

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "remote.h"

namespace source_git {
namespace {

using namespace std::chrono_literals;

constexpr std::ptrdiff_t kMostPackFiles = 1000;  // a pack and its index

std::ptrdiff_t filesIn(const std::filesystem::path& folder) {
  std::error_code none;
  return std::distance(std::filesystem::directory_iterator(folder, none), {});
}

std::string object(std::initializer_list<std::pair<const char*, std::string>> members) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> out(buffer);
  out.StartObject();
  for (const auto& [key, value] : members) {
    out.Key(key);
    out.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }
  out.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

/// A password in an address ends up in logs, in events and on the page.
std::string checkedUrl(std::string url) {
  if (url.empty()) pw::badSetting("url: it is empty");
  const std::size_t scheme = url.find("://");
  if (scheme == url.npos) return url;
  const std::string_view rest = std::string_view(url).substr(scheme + 3);
  const std::string_view host = rest.substr(0, rest.find('/'));
  const std::size_t at = host.rfind('@');
  if (at != host.npos && host.substr(0, at).find(':') != host.npos)
    pw::badSetting(
        "url: it has a password in it. Take it out, and write token: !secret NAME below settings");
  return url;
}

bool hasCommit(git_repository* cache, const Oid& commit) {
  const auto odb = make<git_odb>(git_repository_odb, cache);
  return git_odb_exists(odb.get(), &commit.id) != 0;
}

}  // namespace

GitSource::GitSource(const pw::Settings& settings)
    : url_(checkedUrl(settings.text("url"))),
      branch_(settings.text("branch")),
      user_(settings.text("user", "git")),
      path_(settings.text("path", "*")),
      pollEvery_(settings.duration("poll_every", "1min")) {}

std::string GitSource::cursorAt(const Oid& commit) const {
  return object({{"commit", commit.text()}, {"url", url_}, {"branch", branch_}, {"path", path_}});
}

/// Nothing, too, if it was found with other settings: then all that match are reported.
std::optional<Oid> GitSource::commitOf(std::string_view cursor) const {
  rapidjson::Document json;
  json.Parse(cursor.data(), cursor.size());
  if (!json.IsObject() || !json.HasMember("commit") || !json["commit"].IsString())
    return std::nullopt;
  const Oid commit = Oid::parse(json["commit"].GetString());
  return cursor == cursorAt(commit) ? std::optional(commit) : std::nullopt;
}

std::string GitSource::place() const {
  return (branch_.empty() ? "the repository " : "branch " + branch_ + " of ") + url_;
}

void GitSource::poll(pw::Poll& out, pw::Call& call) {
  try {
    const auto cache = openCache(call);
    const std::optional<Oid> known = commitOf(out.cursor());
    if (steps_.empty() || cursor_ != out.cursor()) {
      steps_.clear();
      lookForNews(cache.get(), known, call);
    }
    if (!steps_.empty()) {
      const Oid commit = steps_.front();
      report(cache.get(), before_, commit, out, call);
      cursor_ = cursorAt(commit);
      out.setCursor(cursor_);
      before_ = commit;
      steps_.pop_front();
    }
  } catch (const GitError& e) {
    steps_.clear();
    pw::retry("Cannot read " + place() + ": " + e.what() + ".");
  }
  out.next(steps_.empty() ? pollEvery_ : 0ms);
}

/// A broken one is as good as none, and one of too many packs (each fetch adds one) is slow.
Handle<git_repository> GitSource::openCache(pw::Call& call) const {
  const std::filesystem::path folder = std::filesystem::path(call.folder()) / "clone.git";
  if (steps_.empty() && filesIn(folder / "objects" / "pack") > kMostPackFiles)
    std::filesystem::remove_all(folder);
  git_repository* opened = nullptr;
  if (git_repository_open_bare(&opened, folder.c_str()) == 0) return Handle<git_repository>(opened);
  std::filesystem::remove_all(folder);
  return make<git_repository>(git_repository_init, folder.c_str(), 1u);
}

void GitSource::lookForNews(git_repository* cache, const std::optional<Oid>& known,
                            pw::Call& call) {
  const std::string reference = branch_.empty() ? "HEAD" : "refs/heads/" + branch_;
  Remote remote(cache, url_, user_, call);
  const std::optional<Oid> tip = remote.tip(reference);
  if (!tip) throw GitError(GIT_ENOTFOUND, "there is no " + reference + " there");
  if (tip == known) return;
  if (!hasCommit(cache, *tip)) remote.fetch(reference);
  if (!hasCommit(cache, *tip)) throw GitError(GIT_ENOTFOUND, "it was moved while it was read");
  before_ = known && hasCommit(cache, *known) ? known : std::nullopt;
  const auto line = before_ ? lineTo(cache, *before_, *tip) : std::vector<Oid>{*tip};
  steps_.assign(line.begin(), line.end());
}

void GitSource::report(git_repository* cache, const std::optional<Oid>& from, const Oid& to,
                       pw::Poll& out, pw::Call& call) const {
  std::size_t count = 0;
  for (const ChangedFile& file : changedFiles(cache, from, to, path_)) {
    call.stopIfCancelled();
    reportFile(cache, file, to, out, call);
    ++count;
  }
  call.info("commit " + to.text() + " of " + place() + ": " + std::to_string(count) +
            " matching files are new or changed");
}

void GitSource::reportFile(git_repository* cache, const ChangedFile& file, const Oid& commit,
                           pw::Poll& out, pw::Call& call) const {
  if (file.isLink) return out.refuse(file.path, "it is a symbolic link");
  const auto odb = make<git_odb>(git_repository_odb, cache);
  std::size_t size = 0;
  git_object_t type{};
  check(git_odb_read_header(&size, &type, odb.get(), &file.blob.id));
  const std::uint64_t most = call.maxBytes();
  if (most > 0 && size > most)
    return out.refuse(file.path, "its " + std::to_string(size) +
                                     " bytes are more than max_bytes (" + std::to_string(most) +
                                     ")");
  const auto blob = make<git_blob>(git_blob_lookup, cache, &file.blob.id);
  const std::string digest =
      call.putBytes({static_cast<const char*>(git_blob_rawcontent(blob.get())), size},
                    "application/octet-stream");
  out.blob(file.path, digest, object({{"commit", commit.text()}, {"path", file.path}}));
}

}  // namespace source_git

PW_MODULE("planwright.git", "1.0.0", pw::Source<source_git::GitSource>)
