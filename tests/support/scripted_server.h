#pragma once

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/unique_fd.h"

namespace planwright {

/// An HTTP server for tests of clients: answers what the script says, one connection at a time, and
/// remembers what was asked. Several answers to one request are given in turn, the last one for
/// ever.
class ScriptedServer {
 public:
  struct Answer {
    int status = 200;
    std::string body;
    std::string headers;  ///< more header lines, each with \r\n
  };

  ScriptedServer();
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  /// `request`: "GET /api/plans/1", with the query.
  void on(const std::string& request, std::vector<Answer> answers);
  void on(const std::string& request, std::string body) {
    on(request, {{200, std::move(body), ""}});
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// "POST /api/x {"a":1}" per request so far.
  std::vector<std::string> requests();

 private:
  struct Script {
    std::map<std::string, std::vector<Answer>> answers;
    std::vector<std::string> requests;
  };
  void serve();
  void answerOne(int client);
  Answer next(const std::string& request, const std::string& body);

  Guarded<Script> script_;
  UniqueFd listener_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace planwright
