#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include <git2.h>

namespace source_git {

/// What libgit2 says went wrong, in its own words.
class GitError : public std::runtime_error {
 public:
  GitError(int code, const std::string& message) : std::runtime_error(message), code_(code) {}
  int code() const { return code_; }

 private:
  int code_;  ///< of git_error_code
};

/// Throws GitError if `code` is a failure.
int check(int code);

/// libgit2 counts its users in the process. First member of whoever calls it.
struct Library {
  Library() {
    git_libgit2_init();
    // Whoever names a repository on this machine wants it read, whoever owns it: nothing of it is
    // run. The remedy that libgit2 names, safe.directory, is a setting of a user we may not have.
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  }
  ~Library() { git_libgit2_shutdown(); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
};

struct Free {
  void operator()(git_repository* it) const noexcept { git_repository_free(it); }
  void operator()(git_remote* it) const noexcept { git_remote_free(it); }
  void operator()(git_commit* it) const noexcept { git_commit_free(it); }
  void operator()(git_tree* it) const noexcept { git_tree_free(it); }
  void operator()(git_diff* it) const noexcept { git_diff_free(it); }
  void operator()(git_blob* it) const noexcept { git_blob_free(it); }
  void operator()(git_odb* it) const noexcept { git_odb_free(it); }
};
template <class T>
using Handle = std::unique_ptr<T, Free>;

/// Calls a function of libgit2 whose first parameter takes what it makes.
template <class T, class Function, class... Arguments>
Handle<T> make(Function function, Arguments... arguments) {
  T* made = nullptr;
  check(function(&made, arguments...));
  return Handle<T>(made);
}

/// A remote without a name at exactly this URL: the settings url.*.insteadOf of the user who runs
/// this are not asked. libgit2 1.5 leaks 20 KiB for each setting of any name that it compares with
/// them (1.6 does not: its pull request 6382), which was 350 MB a day of a source that looks once a
/// minute. Throws GitError.
Handle<git_remote> remoteAt(git_repository* repository, const std::string& url);

/// A commit's or file's name as a value.
struct Oid {
  git_oid id{};
  static Oid parse(const std::string& hex);  ///< throws GitError
  std::string text() const;
  friend bool operator==(const Oid& a, const Oid& b) { return git_oid_equal(&a.id, &b.id) != 0; }
};

}  // namespace source_git
