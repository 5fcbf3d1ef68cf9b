#pragma once

#include <exception>
#include <optional>
#include <string>

#include <planwright/call.hpp>

#include "git_handles.h"

namespace source_git {

/// Where commits come from. What it needs to log in it asks of the call, when the other side wants
/// it. Lives for one poll; errors are GitError, or Stop when the host wants the poll to end.
class Remote {
 public:
  /// `user`: the name to log in with where `url` has none. The references outlive it.
  Remote(git_repository* cache, const std::string& url, const std::string& user, pw::Call& call);

  /// The commit that `reference` ("HEAD", "refs/heads/main") names there now; nullopt: none.
  std::optional<Oid> tip(const std::string& reference);
  /// Brings all of that reference into the cache.
  void fetch(const std::string& reference);

 private:
  static int logIn(git_credential** out, const char* url, const char* userOfUrl, unsigned allowed,
                   void* self);
  static int goOn(const git_indexer_progress* progress, void* self);
  int logInWith(git_credential** out, const char* userOfUrl, unsigned allowed);
  git_remote_callbacks callbacks();
  template <class Run>
  void run(Run run);

  const std::string user_;
  pw::Call& call_;
  const Handle<git_remote> remote_;
  std::exception_ptr thrown_;  ///< what a callback could not throw through libgit2
  int tries_ = 0;              ///< to log in, of the operation under way
};

}  // namespace source_git
