#include "embedded/embedded_services.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/data_folder.h"
#include "base/files.h"
#include "support/helper_process.h"
#include "support/services.h"
#include "support/temp_folder.h"

namespace planwright::embedded_services_test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr uid_t kNobody = 65534;

/// The first column of the first row, "" if there is none, or the error.
std::string sql(const std::string& url, const std::string& statement) {
  PGconn* connection = PQconnectdb(url.c_str());
  PGresult* result = PQexec(connection, statement.c_str());
  std::string text = PQerrorMessage(connection);
  if (text.empty() && PQntuples(result) > 0) text = PQgetvalue(result, 0, 0);
  PQclear(result);
  PQfinish(connection);
  return text;
}

/// One inline command to Redis; its answer as it came.
std::string redis(const std::string& url, const std::string& command) {
  const std::string path = url.substr(std::string("unix:").size());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return {};
  writeAll(fd.get(), command + "\r\n");
  char answer[256];
  const ssize_t n = ::read(fd.get(), answer, sizeof answer);
  return std::string(answer, static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
}

class EmbeddedServicesTest : public testing::Test {
 protected:
  EmbeddedServicesTest() { fs::permissions(folder_.path(), fs::perms(0755)); }

  /// Making a cluster is the slow part, so the tests that are not about it get copies of one.
  static void SetUpTestSuite() {
    made_ = std::make_unique<TempFolder>();
    fs::permissions(made_->path(), fs::perms(0755));
    EmbeddedServices({made_->path(), true, true, /*isDurable=*/false, 16}).start();
  }
  static void TearDownTestSuite() { made_.reset(); }
  void copyMadeCluster() {
    fs::create_directories(data_);
    ASSERT_EQ(runToEnd({"cp", "-a", (made_->path() / "postgres").string(), data_.string()}), 0);
  }

  std::unique_ptr<EmbeddedServices> start(const fs::path& data, bool withPostgres = true) {
    fs::create_directories(data);
    fs::permissions(data, fs::perms(0711));
    auto services = std::make_unique<EmbeddedServices>(
        EmbeddedServices::Options{data, withPostgres, true, /*isDurable=*/false, 16});
    services->start();
    return services;
  }

  static inline std::unique_ptr<TempFolder> made_;
  TempFolder folder_;
  const fs::path data_ = folder_ / "data";
};

TEST(TestServices, GivesEveryTestADatabaseOfItsOwn) {
  TestServices& services = TestServices::get();
  const std::string first = services.freshDatabase();
  EXPECT_NE(first, services.freshDatabase());
  EXPECT_EQ(sql(first, "SELECT current_user"), "planwright");
  EXPECT_NE(services.redisUrl(), services.redisUrl());
}

TEST_F(EmbeddedServicesTest, StartAgainOnWhatTheyStored) {
  copyMadeCluster();
  auto services = start(data_);
  sql(services->postgresUrl(), "CREATE TABLE t AS SELECT 7 AS n");
  redis(services->redisUrl(), "RPUSH list one");
  services = nullptr;
  services = start(data_);
  EXPECT_EQ(sql(services->postgresUrl(), "SELECT n FROM t"), "7");
  EXPECT_EQ(redis(services->redisUrl(), "LLEN list"), ":1\r\n");
}

TEST_F(EmbeddedServicesTest, StartADeadServerAgain) {
  copyMadeCluster();
  auto services = start(data_);
  const std::string url = services->postgresUrl();
  sql(url, "CREATE TABLE t AS SELECT 7 AS n");
  const pid_t postgres = services->postgresPid();
  const pid_t redisPid = services->redisPid();
  ::kill(postgres, SIGKILL);
  ::kill(redisPid, SIGKILL);
  EXPECT_TRUE(eventually([&] { return sql(url, "SELECT n FROM t") == "7"; }));
  EXPECT_TRUE(eventually([&] { return redis(services->redisUrl(), "PING") == "+PONG\r\n"; }));
  EXPECT_NE(services->postgresPid(), postgres);
  EXPECT_NE(services->redisPid(), redisPid);
}

/// Not a test: the host of the tests below. It serves on DATA until somebody kills it.
TEST(EmbeddedHost, DISABLED_Helper) {
  const auto folder = DataFolder::open(std::getenv("DATA"));
  ASSERT_TRUE(folder) << folder.error().message;
  EmbeddedServices services({folder->path(), true, true, std::getenv("DURABLE") != nullptr, 16});
  services.start();
  sql(services.postgresUrl(), "CREATE TABLE IF NOT EXISTS t AS SELECT 7 AS n");
  redis(services.redisUrl(), "RPUSH list one");
  std::ofstream(folder->path() / "pids")
      << services.postgresPid() << " " << services.redisPid() << " ready\n";
  for (;;) ::pause();
}

struct Pids {
  pid_t postgres = 0, redis = 0;
};

Pids pidsOf(const fs::path& data) {
  Pids pids;
  std::string ready;
  eventually(
      [&] { return bool(std::ifstream(data / "pids") >> pids.postgres >> pids.redis >> ready); });
  return pids;
}

TEST_F(EmbeddedServicesTest, KeepTheirDataWhenEverythingIsKilled) {
  copyMadeCluster();
  HelperProcess host("EmbeddedHost", {{"DATA", data_.string()}, {"DURABLE", "yes"}});
  const Pids pids = pidsOf(data_);
  ASSERT_GT(pids.redis, 0);
  host.signal(SIGSTOP);
  ::kill(pids.postgres, SIGKILL);
  ::kill(pids.redis, SIGKILL);
  host.killAndReap();
  auto services = start(data_);
  EXPECT_EQ(sql(services->postgresUrl(), "SELECT n FROM t"), "7");
  EXPECT_EQ(redis(services->redisUrl(), "LLEN list"), ":1\r\n");
}

TEST_F(EmbeddedServicesTest, EndWithAKilledHostAndLetTheNextOneIn) {
  copyMadeCluster();
  HelperProcess host("EmbeddedHost", {{"DATA", data_.string()}});
  const Pids pids = pidsOf(data_);
  ASSERT_GT(pids.redis, 0);
  host.killAndReap();
  auto services = start(data_);  // at once: it waits for the old ones itself
  EXPECT_FALSE(isAlive(pids.postgres));
  EXPECT_FALSE(isAlive(pids.redis));
  EXPECT_EQ(sql(services->postgresUrl(), "SELECT n FROM t"), "7");
}

TEST_F(EmbeddedServicesTest, LetNoSecondHostOnTheirFolder) {
  copyMadeCluster();
  HelperProcess host("EmbeddedHost", {{"DATA", data_.string()}});
  ASSERT_GT(pidsOf(data_).redis, 0);
  const auto second = DataFolder::open(data_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::Conflict);
  EXPECT_THAT(second.error().message, HasSubstr("(pid " + std::to_string(host.pid()) + ")"));
}

TEST_F(EmbeddedServicesTest, RunForANormalUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "all the other tests did";
  const std::string program = fs::read_symlink("/proc/self/exe");
  if (!closedFolder(program, ServiceAccount{kNobody, kNobody, true}).empty())
    GTEST_SKIP() << "other users cannot reach " << program;
  fs::create_directory(data_);
  ASSERT_EQ(::chown(data_.c_str(), kNobody, kNobody), 0);
  HelperProcess host("EmbeddedHost", {{"DATA", data_.string()}}, kNobody);
  const Pids pids = pidsOf(data_);
  ASSERT_GT(pids.postgres, 0);
  struct stat info {};
  ASSERT_EQ(::stat(("/proc/" + std::to_string(pids.postgres)).c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, kNobody);
}

// initdb gave up: "could not look up effective user ID".
TEST_F(EmbeddedServicesTest, RunForAUserWithoutAnAccount) {
  constexpr uid_t kNoAccount = 1234567;
  if (::geteuid() != 0) GTEST_SKIP() << "all the other tests did";
  const std::string program = fs::read_symlink("/proc/self/exe");
  if (!closedFolder(program, ServiceAccount{kNoAccount, kNoAccount, true}).empty())
    GTEST_SKIP() << "other users cannot reach " << program;
  void* const wrapper = ::dlopen("libnss_wrapper.so", RTLD_LAZY);
  if (wrapper == nullptr) GTEST_SKIP() << "libnss-wrapper is not installed";
  ::dlclose(wrapper);  // it would take part in every fork of the tests that follow
  fs::create_directory(data_);
  ASSERT_EQ(::chown(data_.c_str(), kNoAccount, kNoAccount), 0);
  HelperProcess host("EmbeddedHost", {{"DATA", data_.string()}}, kNoAccount);
  const Pids pids = pidsOf(data_);
  ASSERT_GT(pids.postgres, 0);
  struct stat info {};
  ASSERT_EQ(::stat(("/proc/" + std::to_string(pids.postgres)).c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, kNoAccount);
}

TEST_F(EmbeddedServicesTest, AreClosedToOtherUsers) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to be another user";
  copyMadeCluster();
  auto services = start(data_);
  const std::string url = services->postgresUrl();
  EXPECT_EQ(runToEnd({"psql", url, "-c", "SELECT 1"}), 0);
  EXPECT_EQ(runToEnd({"setpriv", "--reuid=65534", "--clear-groups", "psql", url, "-c", "SELECT 1"}),
            2);
  const std::string socket = services->redisUrl().substr(5);
  EXPECT_EQ(runToEnd({"redis-cli", "-s", socket, "PING"}), 0);
  EXPECT_NE(
      runToEnd({"setpriv", "--reuid=65534", "--clear-groups", "redis-cli", "-s", socket, "PING"}),
      0);
  struct stat info {};
  ASSERT_EQ(::stat(("/proc/" + std::to_string(services->postgresPid())).c_str(), &info), 0);
  EXPECT_NE(info.st_uid, 0U);
}

TEST_F(EmbeddedServicesTest, MakeAHalfMadeClusterAgain) {
  fs::create_directories(data_ / "postgres" / "base");
  std::ofstream(data_ / "postgres" / "PG_VERSION") << "15\n";
  EXPECT_EQ(sql(start(data_)->postgresUrl(), "SELECT 1"), "1");
}

TEST_F(EmbeddedServicesTest, PutTheirSocketsElsewhereBelowADeepFolder) {
  auto services = start(data_ / std::string(120, 'x'));
  const std::string socket = services->redisUrl().substr(5);
  EXPECT_LE(socket.size(), 107U);
  EXPECT_EQ(sql(services->postgresUrl(), "SELECT 1"), "1");
  services = nullptr;
  EXPECT_FALSE(fs::exists(fs::path(socket).parent_path().parent_path()));
}

TEST_F(EmbeddedServicesTest, AreOnlyThoseWanted) {
  auto services = start(data_, /*withPostgres=*/false);
  EXPECT_EQ(redis(services->redisUrl(), "PING"), "+PONG\r\n");
  EXPECT_FALSE(fs::exists(data_ / "postgres"));
}

TEST_F(EmbeddedServicesTest, SayWhyTheyCannotStart) {
  fs::create_directories(data_ / "redis" / "appendonlydir");
  std::ofstream(data_ / "redis" / "appendonlydir" / "appendonly.aof.manifest") << "nonsense\n";
  try {
    start(data_, /*withPostgres=*/false);
    FAIL() << "it started";
  } catch (const std::runtime_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("redis exited with 1 while starting"));
    EXPECT_THAT(e.what(), HasSubstr("redis.log"));
  }
}

TEST(UsableDataFolder, IsElsewhereWhenTheServicesCannotGetThere) {
  if (::geteuid() != 0) GTEST_SKIP() << "the services of a normal user are that user";
  TempFolder closed;  // mode 0700, like root's home
  const fs::path instead = usableDataFolder(closed / "data");
  EXPECT_EQ(instead.parent_path(), "/var/lib/planwright");
  EXPECT_EQ(fs::read_symlink(closed / "data"), instead);
  EXPECT_EQ(usableDataFolder(closed / "data"), instead);
  EXPECT_EQ(usableDataFolder(closed / "other").parent_path(), "/var/lib/planwright");
  EXPECT_NE(usableDataFolder(closed / "other"), instead);

  TempFolder open;
  fs::permissions(open.path(), fs::perms(0755));
  EXPECT_EQ(usableDataFolder(open / "data"), open / "data");
}

}  // namespace
}  // namespace planwright::embedded_services_test
