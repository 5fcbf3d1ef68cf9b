#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include "source_git/tree_changes.h"
#include "support/temp_folder.h"

namespace source_git {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Paths = std::vector<std::string>;

/// A repository that is written through libgit2.
struct TreeChanges : testing::Test {
  using Files = std::map<std::string, std::string>;

  /// `link:` in front of a content makes a symbolic link, `run:` an executable.
  Oid commit(const Files& files, const std::vector<Oid>& parents = {}) {
    git_index* index = nullptr;
    check(git_repository_index(&index, repository.get()));
    check(git_index_clear(index));
    for (const auto& [path, content] : files) {
      git_index_entry entry{};
      entry.path = path.c_str();
      entry.mode = content.starts_with("link:")  ? GIT_FILEMODE_LINK
                   : content.starts_with("run:") ? GIT_FILEMODE_BLOB_EXECUTABLE
                                                 : GIT_FILEMODE_BLOB;
      const std::string bytes = content.substr(content.starts_with("run:") ? 4 : 0);
      check(git_index_add_from_buffer(index, &entry, bytes.data(), bytes.size()));
    }
    Oid tree, made;
    check(git_index_write_tree(&tree.id, index));
    git_index_free(index);
    const auto written = make<git_tree>(git_tree_lookup, repository.get(), &tree.id);
    std::vector<Handle<git_commit>> held;
    std::vector<const git_commit*> from;
    for (const Oid& parent : parents) {
      held.push_back(make<git_commit>(git_commit_lookup, repository.get(), &parent.id));
      from.push_back(held.back().get());
    }
    git_signature author{const_cast<char*>("a"), const_cast<char*>("a@b"), {++time, 0, '+'}};
    check(git_commit_create(&made.id, repository.get(), nullptr, &author, &author, nullptr, "text",
                            written.get(), from.size(), from.data()));
    return made;
  }
  Paths changed(const std::optional<Oid>& from, const Oid& to) {
    Paths paths;
    for (const auto& file : changedFiles(repository.get(), from, to, "**"))
      paths.push_back(file.path + (file.isLink ? " -> link" : ""));
    return paths;
  }

  const Library library;
  planwright::TempFolder folder;
  Handle<git_repository> repository =
      make<git_repository>(git_repository_init, (folder / "repo.git").c_str(), 1u);
  git_time_t time = 1'700'000'000;
};

TEST_F(TreeChanges, AreFilesThatWereAddedOrGotOtherBytes) {
  const Oid first = commit({{"a", "1"}, {"b", "1"}, {"sub/c", "1"}, {"l", "link:a"}});
  EXPECT_THAT(changed(std::nullopt, first), ElementsAre("a", "b", "l -> link", "sub/c"));
  const Oid second = commit({{"a", "2"}, {"b", "run:1"}, {"sub/d", "1"}}, {first});
  EXPECT_THAT(changed(first, second), ElementsAre("a", "sub/d"));
  EXPECT_THAT(changed(second, first), ElementsAre("a", "l -> link", "sub/c"));
  EXPECT_THAT(changed(first, first), IsEmpty());
}

TEST_F(TreeChanges, FollowTheBranchCommitByCommit) {
  const Oid a = commit({{"f", "a"}});
  const Oid b = commit({{"f", "b"}}, {a});
  const Oid c = commit({{"f", "c"}}, {b});
  EXPECT_THAT(lineTo(repository.get(), a, c), ElementsAre(b, c));
  EXPECT_THAT(lineTo(repository.get(), c, c), IsEmpty());
  const Oid side = commit({{"f", "a"}, {"s", "1"}}, {a});
  const Oid merge = commit({{"f", "c"}, {"s", "1"}}, {c, side});
  EXPECT_THAT(lineTo(repository.get(), b, merge), ElementsAre(c, merge));
  EXPECT_THAT(changed(c, merge), ElementsAre("s"));
}

TEST_F(TreeChanges, AForcedPushIsOneStep) {
  const Oid a = commit({{"f", "a"}, {"g", "a"}});
  const Oid b = commit({{"f", "b"}, {"g", "a"}}, {a});
  const Oid other = commit({{"f", "other"}, {"g", "a"}}, {a});
  EXPECT_THAT(lineTo(repository.get(), b, other), ElementsAre(other));
  EXPECT_THAT(lineTo(repository.get(), b, a), ElementsAre(a)) << "a branch that was set back";
  EXPECT_THAT(changed(b, other), ElementsAre("f"));
}

TEST_F(TreeChanges, WhatIsNotThereIsAnErrorInTheWordsOfLibgit2) {
  const Oid none = Oid::parse("0123456789012345678901234567890123456789");
  try {
    changed(std::nullopt, none);
    FAIL();
  } catch (const GitError& e) {
    EXPECT_EQ(e.code(), GIT_ENOTFOUND);
    EXPECT_THAT(e.what(), testing::HasSubstr("0123456789012345678901234567890123456789"));
  }
}

TEST_F(TreeChanges, ARemoteIsAtTheUrlThatIsConfiguredForTheSource) {
  git_config* settings = nullptr;
  check(git_repository_config(&settings, repository.get()));
  check(git_config_set_string(settings, "url.https://elsewhere/.insteadof", "https://forge/"));
  git_config_free(settings);
  const auto remote = remoteAt(repository.get(), "https://forge/repo.git");
  EXPECT_STREQ(git_remote_url(remote.get()), "https://forge/repo.git");
}

/// 250 KB with each look at a branch. (With the address sanitizer, its search for leaks sees it.)
TEST_F(TreeChanges, ARemoteKeepsNoMemory) {
  remoteAt(repository.get(), "https://forge/repo.git");
  const std::size_t before = ::mallinfo2().uordblks;
  for (int i = 0; i < 100; ++i) remoteAt(repository.get(), "https://forge/repo.git");
  EXPECT_LT(::mallinfo2().uordblks, before + 1'000'000);
}

/// 10^10 files in ten trees took all memory of the machine.
TEST_F(TreeChanges, AFewTreesThatStandForCountlessFilesAreRefused) {
  Oid below, commitId;
  check(git_blob_create_from_buffer(&below.id, repository.get(), "x", 1));
  git_filemode_t mode = GIT_FILEMODE_BLOB;
  for (int level = 0; level < 10; ++level, mode = GIT_FILEMODE_TREE) {
    git_treebuilder* builder = nullptr;
    check(git_treebuilder_new(&builder, repository.get(), nullptr));
    for (char name = '0'; name <= '9'; ++name)
      check(
          git_treebuilder_insert(nullptr, builder, std::string(1, name).c_str(), &below.id, mode));
    check(git_treebuilder_write(&below.id, builder));
    git_treebuilder_free(builder);
  }
  const auto tree = make<git_tree>(git_tree_lookup, repository.get(), &below.id);
  git_signature author{const_cast<char*>("a"), const_cast<char*>("a@b"), {1, 0, '+'}};
  check(git_commit_create(&commitId.id, repository.get(), nullptr, &author, &author, nullptr,
                          "text", tree.get(), 0, nullptr));
  for (const char* pattern : {"**", "nothing"}) {
    try {
      changedFiles(repository.get(), std::nullopt, commitId, pattern);
      FAIL() << pattern;
    } catch (const GitError& e) {
      EXPECT_THAT(e.what(), testing::HasSubstr("more than 1000000 paths"));
    }
  }
}

TEST_F(TreeChanges, AsManyAsAreAllowedAreRead) {
  const Oid first = commit({{"a", "1"}, {"b", "1"}, {"c", "1"}});
  EXPECT_EQ(changedFiles(repository.get(), std::nullopt, first, "*", 3).size(), 3U);
  EXPECT_EQ(changedFiles(repository.get(), std::nullopt, first, "b", 3).size(), 1U);
  EXPECT_THROW(changedFiles(repository.get(), std::nullopt, first, "b", 2), GitError);
  const Oid none = commit({}, {first});
  EXPECT_THROW(changedFiles(repository.get(), first, none, "*", 2), GitError)
      << "removed ones count";
}

}  // namespace
}  // namespace source_git
