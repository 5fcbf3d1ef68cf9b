#include "support/services.h"

#include <filesystem>
#include <mutex>
#include <stdexcept>

#include <libpq-fe.h>

#include "base/data_folder.h"
#include "embedded/embedded_services.h"
#include "support/temp_folder.h"

namespace planwright {
namespace {

constexpr int kRedisDatabases = 4096;

DataFolder lockFolder(const std::filesystem::path& path) {
  std::filesystem::permissions(path.parent_path(),
                               std::filesystem::perms(0711));  // for the accounts of the services
  Result<DataFolder> folder = DataFolder::open(path);
  if (!folder) throw std::runtime_error(folder.error().message);
  return std::move(*folder);
}

void execute(const std::string& url, const std::string& statement) {
  PGconn* connection = PQconnectdb(url.c_str());
  PGresult* result = PQexec(connection, statement.c_str());
  const bool failed = PQresultStatus(result) != PGRES_COMMAND_OK;
  const std::string error = PQerrorMessage(connection);
  PQclear(result);
  PQfinish(connection);
  if (failed) throw std::runtime_error(statement + ": " + error);
}

}  // namespace

struct TestServices::State {
  TempFolder temp;
  DataFolder folder{lockFolder(temp.path() / "data")};
  EmbeddedServices services{{folder.path(), true, true, /*isDurable=*/false, kRedisDatabases}};
  std::mutex mutex;
  int databases = 0;
  int redisDatabases = 0;
  std::string schema = "template1";
};

TestServices& TestServices::get() {
  static TestServices services;
  return services;
}

TestServices::TestServices() : state_(std::make_unique<State>()) {
  state_->services.start();
}
TestServices::~TestServices() = default;

void TestServices::useSchema(const std::function<void(const std::string& url)>& migrate) {
  const std::lock_guard lock(state_->mutex);
  if (state_->schema != "template1") return;
  execute(state_->services.postgresUrl(), "CREATE DATABASE test_schema");
  migrate(state_->services.postgresUrl("test_schema"));
  state_->schema = "test_schema";
}

std::string TestServices::freshDatabase() {
  const std::lock_guard lock(state_->mutex);
  const std::string name = "test_" + std::to_string(++state_->databases);
  execute(state_->services.postgresUrl(),
          "CREATE DATABASE " + name + " TEMPLATE " + state_->schema);
  return state_->services.postgresUrl(name);
}

std::string TestServices::redisUrl() {
  const std::lock_guard lock(state_->mutex);
  if (++state_->redisDatabases >= kRedisDatabases)
    throw std::runtime_error("no Redis database is left");
  return state_->services.redisUrl(state_->redisDatabases);
}

}  // namespace planwright
