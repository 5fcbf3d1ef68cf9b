#include "store/remote_jobs.h"

#include "store/pg_array.h"

namespace planwright {
std::optional<RemoteJob> RemoteJobs::find(JobId job) {
  const Rows rows = connection_.run("find_remote_job", {number(job)});
  if (rows.empty()) return std::nullopt;
  return RemoteJob{
      rows.text(0, "plugin"),
      rows.text(0, "token"),
      rows.text(0, "handle"),
      rows.text(0, "folder"),
      rows.flag(0, "filled"),
      rows.flag(0, "withdrawn"),
      std::chrono::milliseconds(static_cast<std::int64_t>(rows.real(0, "age") * 1000))};
}

bool RemoteJobs::begin(JobId job, AttemptId attempt, const std::string& queue,
                       const RemoteJob& remote) {
  return !connection_
              .run("begin_remote_job", {number(job), number(attempt), queue, remote.plugin,
                                        remote.token, remote.folder})
              .empty();
}

void RemoteJobs::filled(const std::string& token) {
  connection_.run("fill_remote_job", {token});
}

void RemoteJobs::submitted(const std::string& token, const std::string& handle) {
  connection_.run("submit_remote_job", {token, handle});
}

void RemoteJobs::end(const std::vector<std::string>& tokens) {
  connection_.run("end_remote_jobs", {PgArray::of(tokens)});
}

void RemoteJobs::withdraw(const std::vector<std::string>& tokens) {
  connection_.run("withdraw_remote_jobs", {PgArray::of(tokens)});
}

std::vector<RemoteJob> RemoteJobs::unwanted(const std::string& queue, const std::string& plugin) {
  const Rows rows = connection_.run("unwanted_remote_jobs", {queue, plugin});
  std::vector<RemoteJob> unwanted(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    unwanted[i].plugin = plugin;
    unwanted[i].token = rows.text(i, "token");
    unwanted[i].handle = rows.text(i, "handle");
  }
  return unwanted;
}

std::set<std::string> RemoteJobs::known(const std::vector<std::string>& tokens) {
  std::set<std::string> known;
  const Rows rows = connection_.run("known_remote_tokens", {PgArray::of(tokens)});
  for (std::size_t i = 0; i < rows.size(); ++i) known.insert(rows.text(i, "token"));
  return known;
}

}  // namespace planwright
