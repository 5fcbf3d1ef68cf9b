#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include <planwright/plugin.hpp>

#include "git_handles.h"
#include "tree_changes.h"

namespace source_git {

/// Makes an input of each file that a new commit of one branch adds or changes. The truth is what
/// the other side says of the branch at each poll (ls-remote); the cursor is the commit that was
/// reported last, and a poll reports one commit, so that both are recorded together. Its clone is a
/// cache: without it, everything is fetched again. One thread.
class GitSource {
 public:
  explicit GitSource(const pw::Settings& settings);

  void poll(pw::Poll& out, pw::Call& call);

 private:
  Handle<git_repository> openCache(pw::Call& call) const;
  void lookForNews(git_repository* cache, const std::optional<Oid>& known, pw::Call& call);
  void report(git_repository* cache, const std::optional<Oid>& from, const Oid& to, pw::Poll& out,
              pw::Call& call) const;
  void reportFile(git_repository* cache, const ChangedFile& file, const Oid& commit, pw::Poll& out,
                  pw::Call& call) const;
  std::string place() const;
  std::string cursorAt(const Oid& commit) const;
  std::optional<Oid> commitOf(std::string_view cursor) const;

  const Library library_;
  const std::string url_;
  const std::string branch_;  ///< "" = the one that HEAD names there
  const std::string user_;
  const std::string path_;
  const std::chrono::milliseconds pollEvery_;

  std::deque<Oid> steps_;      ///< commits to report, oldest first
  std::optional<Oid> before_;  ///< the one before steps_, if the cache has it
  std::string cursor_;         ///< the one for which they were found
};

}  // namespace source_git
