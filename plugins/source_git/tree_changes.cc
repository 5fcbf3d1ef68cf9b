#include "tree_changes.h"

#include <algorithm>

#include <planwright/glob.hpp>

namespace source_git {
namespace {

constexpr std::size_t kLongestLine = 10'000;

Handle<git_tree> treeOf(git_repository* repository, const Oid& commit) {
  const auto found = make<git_commit>(git_commit_lookup, repository, &commit.id);
  return make<git_tree>(git_commit_tree, found.get());
}

/// What is kept of a comparison while it is made.
struct Wanted {
  const std::string& pattern;
  std::size_t left;
};

bool isChange(const git_diff_delta& delta) {
  if (delta.status != GIT_DELTA_ADDED && delta.status != GIT_DELTA_MODIFIED) return false;
  if (delta.new_file.mode == GIT_FILEMODE_COMMIT) return false;
  return !git_oid_equal(&delta.new_file.id, &delta.old_file.id);  // else only its mode
}

/// Positive: libgit2 leaves it out. Negative: it gives up.
int choose(const git_diff*, const git_diff_delta* delta, const char*, void* payload) {
  auto& wanted = *static_cast<Wanted*>(payload);
  if (wanted.left == 0) return GIT_EUSER;
  --wanted.left;
  return isChange(*delta) && pw::globMatches(wanted.pattern, delta->new_file.path) ? 0 : 1;
}

}  // namespace

std::vector<ChangedFile> changedFiles(git_repository* repository, const std::optional<Oid>& from,
                                      const Oid& to, const std::string& pattern, std::size_t most) {
  const Handle<git_tree> before = from ? treeOf(repository, *from) : nullptr;
  const Handle<git_tree> after = treeOf(repository, to);
  Wanted wanted{pattern, most};
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.notify_cb = choose;
  options.payload = &wanted;
  git_diff* made = nullptr;
  const int code = git_diff_tree_to_tree(&made, repository, before.get(), after.get(), &options);
  const Handle<git_diff> diff(made);
  if (code == GIT_EUSER)
    throw GitError(code, "its commit " + to.text() + " adds, changes or removes more than " +
                             std::to_string(most) + " paths");
  check(code);
  std::vector<ChangedFile> files;
  for (std::size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i) {
    const git_diff_file& file = git_diff_get_delta(diff.get(), i)->new_file;
    files.push_back({file.path, {file.id}, file.mode == GIT_FILEMODE_LINK});
  }
  return files;
}

std::vector<Oid> lineTo(git_repository* repository, const Oid& from, const Oid& to) {
  std::vector<Oid> line;
  for (Oid at = to; at != from;) {
    line.push_back(at);
    const auto commit = make<git_commit>(git_commit_lookup, repository, &at.id);
    if (line.size() >= kLongestLine || git_commit_parentcount(commit.get()) == 0) return {to};
    at = {*git_commit_parent_id(commit.get(), 0)};
  }
  std::reverse(line.begin(), line.end());
  return line;
}

}  // namespace source_git
