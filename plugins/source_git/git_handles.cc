#include "git_handles.h"

namespace source_git {

int check(int code) {
  if (code >= 0) return code;
  const git_error* error = git_error_last();
  throw GitError(code, error && error->message ? error->message
                                               : "libgit2 failed with " + std::to_string(code));
}

Handle<git_remote> remoteAt(git_repository* repository, const std::string& url) {
  git_remote_create_options options = GIT_REMOTE_CREATE_OPTIONS_INIT;
  options.repository = repository;
  options.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF;
  return make<git_remote>(git_remote_create_with_opts, url.c_str(), &options);
}

Oid Oid::parse(const std::string& hex) {
  Oid oid;
  check(git_oid_fromstr(&oid.id, hex.c_str()));
  return oid;
}

std::string Oid::text() const {
  char hex[GIT_OID_HEXSZ + 1];
  return git_oid_tostr(hex, sizeof hex, &id);
}

}  // namespace source_git
