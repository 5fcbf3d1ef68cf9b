#include "remote.h"

namespace source_git {
namespace {

constexpr const char* kTip = "refs/planwright/tip";  // keeps what was fetched last

}  // namespace

Remote::Remote(git_repository* cache, const std::string& url, const std::string& user,
               pw::Call& call)
    : user_(user),
      call_(call),
      remote_(remoteAt(cache, url)) {}

git_remote_callbacks Remote::callbacks() {
  git_remote_callbacks out = GIT_REMOTE_CALLBACKS_INIT;
  out.credentials = logIn;
  out.transfer_progress = goOn;
  out.payload = this;
  return out;
}

template <class Run>
void Remote::run(Run run) {
  tries_ = 0;
  thrown_ = nullptr;
  const int code = run();
  if (thrown_) std::rethrow_exception(thrown_);
  check(code);
}

std::optional<Oid> Remote::tip(const std::string& reference) {
  const git_remote_callbacks with = callbacks();
  git_proxy_options proxy = GIT_PROXY_OPTIONS_INIT;
  proxy.type = GIT_PROXY_AUTO;
  run([&] {
    return git_remote_connect(remote_.get(), GIT_DIRECTION_FETCH, &with, &proxy, nullptr);
  });
  const git_remote_head** heads = nullptr;
  std::size_t count = 0;
  check(git_remote_ls(&heads, &count, remote_.get()));
  std::optional<Oid> found;
  for (std::size_t i = 0; i < count; ++i)
    if (reference == heads[i]->name) found = Oid{heads[i]->oid};
  git_remote_disconnect(remote_.get());
  return found;
}

void Remote::fetch(const std::string& reference) {
  git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
  options.callbacks = callbacks();
  options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
  options.update_fetchhead = 0;
  options.proxy_opts.type = GIT_PROXY_AUTO;
  std::string spec = "+" + reference + ":" + kTip;
  char* specs[] = {spec.data()};
  const git_strarray wanted{specs, 1};
  run([&] { return git_remote_fetch(remote_.get(), &wanted, &options, nullptr); });
}

int Remote::goOn(const git_indexer_progress* progress, void* self) {
  auto& remote = *static_cast<Remote*>(self);
  try {
    remote.call_.progress(progress->received_objects, progress->total_objects);
    return 0;
  } catch (...) {
    remote.thrown_ = std::current_exception();
    return GIT_EUSER;
  }
}

int Remote::logIn(git_credential** out, const char*, const char* userOfUrl, unsigned allowed,
                  void* self) {
  auto& remote = *static_cast<Remote*>(self);
  try {
    return remote.logInWith(out, userOfUrl, allowed);
  } catch (...) {
    remote.thrown_ = std::current_exception();
    return GIT_EUSER;
  }
}

/// Asked again when the other side did not like what it got.
int Remote::logInWith(git_credential** out, const char* userOfUrl, unsigned allowed) {
  const std::string user = userOfUrl && *userOfUrl ? userOfUrl : user_;
  if (allowed & GIT_CREDENTIAL_USERNAME) return git_credential_username_new(out, user.c_str());
  if (tries_++ > 0) throw GitError(GIT_EAUTH, "it refused the login as " + user);
  if (allowed & GIT_CREDENTIAL_SSH_MEMORY)
    return git_credential_ssh_key_memory_new(out, user.c_str(), nullptr,
                                             call_.secret("ssh_key").c_str(), nullptr);
  if (allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT)
    return git_credential_userpass_plaintext_new(out, user.c_str(), call_.secret("token").c_str());
  throw GitError(GIT_EAUTH, "it wants a kind of login that is not known here");
}

}  // namespace source_git
