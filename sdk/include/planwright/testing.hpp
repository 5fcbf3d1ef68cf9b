// planwright/testing.hpp - a host for the tests of a plugin, with no server behind it.
//
//   TEST(Greeter, MakesOneJobPerLine) {
//     pw::testing::FakeHost host;
//     const auto end = host.plan(pw::Planner<Greeter>::vtable, {.name = "a.txt", .content =
//     "x\n"}); EXPECT_TRUE(end.ok()) << end.message; EXPECT_EQ(host.emitted("plan").size(), 1u);
//   }
//
// Every call goes through the C tables, as it does in a host, so C plugins are tested alike:
// `*pw::testing::stage<pw_planner>(planwright_module, PW_PLANNER)`. Any test framework will do.
#pragma once

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#if __has_include(<rapidjson/document.h>)  // else plans are taken as they are
#include <planwright/plan_rules.hpp>
#define PLANWRIGHT_READS_PLANS 1
#else
#define PLANWRIGHT_READS_PLANS 0
#endif

#include <planwright/errors.hpp>
#include <planwright/sha256.hpp>
#include <sys/mman.h>
#include <unistd.h>

namespace pw::testing {

/// An input for a planner. Contents over 64 KiB are handed over as a blob, as a host does it.
struct GivenInput {
  std::string name = "input.txt";
  std::string content = {};
  std::string attributesJson = "{}";
  unsigned attempt = 1;
  std::string traceparent = {};
};

/// A job for a builder. `workdir` is the test's own folder, with the job's inputs in place.
struct GivenJob {
  std::string id = "job";
  std::string specJson = "{}";
  std::string workdir = {};
  std::string inputsJson = "{}";
  unsigned attempt = 1;
  std::string token = "token-1";
  std::string traceparent = {};
};

/// How a call into the stage ended.
struct End {
  pw_status status = PW_OK;
  std::string message = {};  ///< what the stage said to fail(), or how it broke the contract
  std::string details = {};
  std::uint64_t retryAfterMs = 0;
  std::uint64_t nextPollMs = 0;  ///< of a source, or of observe()
  bool ok() const { return status == PW_OK; }
};

/// The table of a module's stage, or null: `stage<pw_planner>(planwright_module, PW_PLANNER)`.
template <class Table>
const Table* stage(const pw_module& module, const char* id) {
  return static_cast<const Table*>(module.get_interface(id));
}

/// Records what a stage does with its host, and does what the test wants. Each plan(), build(),
/// poll() and so on is the whole life of an instance: create, start, the call, drain, stop,
/// destroy. What is recorded adds up over the calls of one FakeHost. A breach of the contract (a
/// second plan, a plan that a host refuses, a use of the call after its end, a result after fail())
/// makes the status PW_BUG.
/// The test's thread calls it; the stage may use the host from any of its own.
class FakeHost {
 public:
  struct Log {
    std::int32_t level = PW_INFO;
    std::string message, fieldsJson;
  };
  struct Record {  ///< an event, or what was emitted
    std::string kind, json;
  };
  struct Progress {
    std::uint64_t done = 0, total = 0;
    std::string note;
  };

  // What the test wants; set before the call.
  std::filesystem::path blobFolder = {};  ///< its files are blobs, by the digest of their content
  std::map<std::string, std::string> secrets = {};
  /// Answers planwright.exec/1: the program's spec in, the result's JSON out (plugin.h has both).
  /// Not set: there is no such interface.
  std::function<std::string(std::string_view specJson)> exec = {};
  std::string folder = {};     ///< of planwright.place/1; empty = there is none
  std::uint64_t maxBytes = 0;  ///< likewise
  int failAt = 0;              ///< the n-th use of a host function that can fail does so; 0 = none
  pw_status failWith = PW_RETRY;
  int cancelAt = 0;  ///< from the n-th use of the host on, the call is to stop; 0 = never

  // What the stage did.
  std::vector<Log> logs = {};
  std::vector<Record> events = {}, emits = {};
  std::vector<Progress> progress = {};
  std::map<std::string, double> metrics = {};  ///< the last value by name
  int uses = 0;                                ///< of the host, in all
  int canFail = 0;                             ///< those of them that can fail
  bool hasFailed = false;                      ///< failAt was reached

  FakeHost();
  ~FakeHost() = default;
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  /// create() alone; `self` is the instance, for the test to destroy.
  End create(const pw_stage& stage, std::string_view settings, void** self);
  /// The module's own open(), if it has one. Its close() is the test's to call.
  End open(const pw_module& module);
  End plan(const pw_planner& table, const GivenInput& input, std::string_view settings = "{}");
  End build(const pw_builder& table, const GivenJob& job, std::string_view settings = "{}");
  End poll(const pw_source& table, std::string_view cursor = {}, std::string_view settings = "{}");
  /// The handle is in emitted("handle"), what was seen in emitted("state") and emitted("output").
  End submit(const pw_remote_builder& table, const GivenJob& job, std::string_view settings = "{}");
  End observe(const pw_remote_builder& table, std::string_view handlesJson,
              std::string_view settings = "{}");
  End withdraw(const pw_remote_builder& table, std::string_view handle,
               std::string_view settings = "{}");

  /// Stores bytes as a blob; gives its digest.
  std::string blob(std::string_view bytes);
  /// The JSON of everything emitted as `kind`, in order.
  std::vector<std::string> emitted(std::string_view kind) const;
  const pw_host* table() const { return &table_; }

 private:
  friend struct FakeHostFunctions;
  template <class Work>
  End live(const pw_stage* stage, std::string_view settings, Work work);
  template <class Enter>
  End enter(const pw_stage& stage, void* self, const char* wanted, Enter enter);
  bool use(pw_call* call, bool fallible);
  bool has(std::string_view digest, std::string& bytes) const;
  void breach(const std::string& what);

  std::mutex mutex_;
  pw_host table_{};
  std::map<std::string, std::string> blobs_;
  // The call under way.
  const pw_stage* stage_ = nullptr;
  void* self_ = nullptr;
  std::string wanted_;  ///< the result it must emit once: "plan"; empty = none
  bool isRunning_ = false, hasResult_ = false, isCancelled_ = false, hasEnded_ = false;
  End end_;
  std::string broken_;
  std::thread interrupter_;
};

}  // namespace pw::testing

#include <planwright/fake_host.hpp>
