#include "tree_changes.h"

#include <algorithm>

namespace source_git {
namespace {

constexpr std::size_t kLongestLine = 10'000;

Handle<git_tree> treeOf(git_repository* repository, const Oid& commit) {
  const auto found = make<git_commit>(git_commit_lookup, repository, &commit.id);
  return make<git_tree>(git_commit_tree, found.get());
}

}  // namespace

std::vector<ChangedFile> changedFiles(git_repository* repository, const std::optional<Oid>& from,
                                      const Oid& to) {
  const Handle<git_tree> before = from ? treeOf(repository, *from) : nullptr;
  const Handle<git_tree> after = treeOf(repository, to);
  const auto diff = make<git_diff>(git_diff_tree_to_tree, repository, before.get(), after.get(),
                                   static_cast<const git_diff_options*>(nullptr));
  std::vector<ChangedFile> files;
  for (std::size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i) {
    const git_diff_delta* delta = git_diff_get_delta(diff.get(), i);
    const git_diff_file& file = delta->new_file;
    if (delta->status != GIT_DELTA_ADDED && delta->status != GIT_DELTA_MODIFIED) continue;
    if (file.mode == GIT_FILEMODE_COMMIT) continue;
    if (git_oid_equal(&file.id, &delta->old_file.id)) continue;  // only its mode
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
