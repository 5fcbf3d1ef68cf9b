#include "embedded/postgres_server.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <libpq-fe.h>
#include <unistd.h>

#include "base/files.h"
#include "base/log.h"
#include "base/percent_encoding.h"
#include "base/unique_fd.h"
#include "embedded/borrowed_account.h"

namespace planwright {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr const char* kPostgres = "postgres";
constexpr int kOldestMajor = 14;

struct CloseConnection {
  void operator()(PGconn* c) const noexcept { PQfinish(c); }
};
struct FreeResult {
  void operator()(PGresult* r) const noexcept { PQclear(r); }
};
using Connection = std::unique_ptr<PGconn, CloseConnection>;

int majorIn(const fs::path& folder) {
  const std::string name = folder.filename().string();
  int major = 0;
  std::from_chars(name.data(), name.data() + name.size(), major);
  return major;
}

/// Debian keeps the server's programs out of PATH, in one folder for each version. A cluster that
/// exists needs its own version; a new one gets the newest.
fs::path findPrograms(int wantedMajor) {
  fs::path best;
  int bestMajor = 0;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", none)) {
    const int major = majorIn(entry.path());
    const bool suits =
        wantedMajor != 0 ? major == wantedMajor : major >= kOldestMajor && major > bestMajor;
    if (!suits || !fs::exists(entry.path() / "bin/initdb") ||
        !fs::exists(entry.path() / "bin/postgres"))
      continue;
    best = entry.path() / "bin";
    bestMajor = major;
  }
  for (const char* folder : {"/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin"})
    if (best.empty() && fs::exists(fs::path(folder) / "initdb") &&
        fs::exists(fs::path(folder) / "postgres"))
      best = folder;
  if (!best.empty()) return best;
  const std::string version = wantedMajor != 0 ? " " + std::to_string(wantedMajor) : "";
  throw std::runtime_error("no PostgreSQL" + version +
                           " server is installed (Debian: apt-get install postgresql" +
                           (version.empty() ? "" : "-" + version.substr(1)) +
                           "), or name an existing one with `postgres:` in the config");
}

int majorOf(const fs::path& cluster) {
  std::error_code none;
  if (!fs::exists(cluster / "PG_VERSION", none)) return 0;
  return std::stoi(readFile(cluster / "PG_VERSION", 64));
}

/// Written last, and synced: a cluster without it was left half-made and never held any data.
fs::path finishedMark(const fs::path& cluster) {
  return cluster / ".planwright-ready";
}

Connection connect(const std::string& url) {
  Connection connection(PQconnectdb(url.c_str()));
  if (PQstatus(connection.get()) != CONNECTION_OK)
    throw std::runtime_error("cannot connect to the private postgres: " +
                             std::string(PQerrorMessage(connection.get())));
  return connection;
}

/// One call, where initdb would sync a thousand files one after the other. Throws what the disk
/// says.
void syncFileSystemOf(const fs::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::syncfs(fd.get()) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot sync " + folder.string());
}

void ensure(PGconn* connection, const std::string& query, const std::string& create) {
  const std::unique_ptr<PGresult, FreeResult> found(PQexec(connection, query.c_str()));
  if (PQresultStatus(found.get()) != PGRES_TUPLES_OK)
    throw std::runtime_error("private postgres: " + std::string(PQerrorMessage(connection)));
  if (PQntuples(found.get()) > 0) return;
  const std::unique_ptr<PGresult, FreeResult> made(PQexec(connection, create.c_str()));
  if (PQresultStatus(made.get()) != PGRES_COMMAND_OK)
    throw std::runtime_error("private postgres: " + std::string(PQerrorMessage(connection)));
}

}  // namespace

PostgresServer::PostgresServer(const ServiceFolders& folders, Options options)
    : folders_(folders),
      options_(options),
      account_(serviceAccount(kPostgres)),
      cluster_(folders.of(kPostgres)),
      sockets_(folders.socketsOf(kPostgres)) {}

void PostgresServer::prepare() {
  makePrivateFolder(cluster_, account_);
  makePrivateFolder(sockets_, account_);
  const fs::path closed = closedFolder(cluster_, account_);
  if (!closed.empty())
    throw std::runtime_error("the private postgres runs as another user than root, and " +
                             closed.string() +
                             " is closed to it; choose a data folder elsewhere with --data");
  if (fs::exists(finishedMark(cluster_))) return;

  endLeftovers(cluster_, kPostgres, SIGINT);
  for (const auto& entry : fs::directory_iterator(cluster_)) fs::remove_all(entry.path());
  log::info("making service=postgres folder={} (only before the first start)", cluster_.string());
  const auto start = std::chrono::steady_clock::now();
  ServerProcess::Command command;
  command.argv = {findPrograms(0) / "initdb",
                  "-D",
                  cluster_,
                  "-U",
                  "postgres",
                  "-A",
                  "trust",
                  "-E",
                  "UTF8",
                  "--locale=C.UTF-8",
                  "--data-checksums",
                  "--no-sync"};
  command.account = account_;
  command.environment = borrowedAccount(folders_.log());
  command.logFile = folders_.log() / "initdb.log";
  fs::remove(command.logFile);
  ServerProcess initdb(command);
  while (!initdb.waitFor(milliseconds(1000))) {
  }
  if (initdb.howItEnded() != "exited with 0")
    throw std::runtime_error("initdb " + initdb.howItEnded() + ":\n" + readFile(command.logFile));
  if (options_.isDurable) syncFileSystemOf(cluster_);
  replaceFile(finishedMark(cluster_), "");
  log::info(
      "made service=postgres folder={} took={}ms", cluster_.string(),
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start).count());
}

ServerSpec PostgresServer::spec() const {
  ServerSpec spec;
  spec.name = kPostgres;
  spec.processName = kPostgres;
  spec.folder = cluster_;
  spec.staleFiles = {cluster_ / "postmaster.pid", sockets_ / ".s.PGSQL.5432",
                     sockets_ / ".s.PGSQL.5432.lock"};
  std::vector<std::string>& argv = spec.command.argv;
  argv = {
      findPrograms(majorOf(cluster_)) / "postgres", "-D", cluster_, "-k", sockets_, "-p", "5432"};
  std::vector<std::string> settings = {
      "listen_addresses=",
      "unix_socket_permissions=0700",
      "max_connections=" + std::to_string(kMaxConnections),
      "shared_buffers=128MB",
      "wal_buffers=16MB",
      "max_wal_size=2GB",
      "min_wal_size=160MB",
      "checkpoint_timeout=15min",
      "autovacuum=on",
      "autovacuum_naptime=20s",
      "random_page_cost=1.1",
      "jit=off",  // short statements: compiling them costs more than it gives
      "max_parallel_workers_per_gather=0",  // the same, and containers have little /dev/shm
      "logging_collector=off",
      "log_min_messages=warning",
      "timezone=UTC",
      "log_timezone=UTC"};
  if (!options_.isDurable) settings.insert(settings.end(), {"fsync=off", "full_page_writes=off"});
  for (const std::string& setting : settings) argv.insert(argv.end(), {"-c", setting});
  spec.command.account = account_;
  spec.command.deathSignal = SIGINT;  // a fast but clean shutdown when we are killed
  spec.command.logFile = folders_.log() / "postgres.log";
  spec.answers = [url = adminUrl()] { return PQping(url.c_str()) == PQPING_OK; };
  spec.stopSteps = {{SIGINT, milliseconds(30'000)},
                    {SIGQUIT, milliseconds(5'000)},
                    {SIGKILL, milliseconds(5'000)}};
  return spec;
}

std::string PostgresServer::url(const std::string& database) const {
  return "postgresql://planwright@/" + percentEncoded(database) +
         "?host=" + percentEncoded(sockets_.string()) + "&port=5432";
}

std::string PostgresServer::adminUrl() const {
  return "postgresql://postgres@/postgres?host=" + percentEncoded(sockets_.string()) +
         "&port=5432&connect_timeout=5";
}

void PostgresServer::ensureDatabase() const {
  const Connection connection = connect(adminUrl());
  ensure(connection.get(), "SELECT 1 FROM pg_roles WHERE rolname = 'planwright'",
         "CREATE ROLE planwright LOGIN CREATEDB IN ROLE pg_monitor");
  ensure(connection.get(), "SELECT 1 FROM pg_database WHERE datname = 'planwright'",
         "CREATE DATABASE planwright OWNER planwright");
}

}  // namespace planwright
