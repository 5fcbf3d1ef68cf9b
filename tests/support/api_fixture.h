#pragma once

#include <memory>
#include <string>

#include "control/event_feed.h"
#include "http/api.h"
#include "http/hub_sink.h"
#include "support/control_fixture.h"
#include "support/http_client.h"
#include "support/openapi_checker.h"

namespace planwright {

/// The whole API on a real socket and a database of its own. Answers that are asked for by json()
/// and problemOf() are compared with the OpenAPI document.
class ApiFixture : public ControlFixture {
 protected:
  ApiFixture();
  ~ApiFixture() override;

  /// "GET /api/plans" with header lines ("A: b\r\n").
  RawAnswer request(const std::string& line, const std::string& body = {},
                    const std::string& fields = {});
  /// The JSON of an answer that must have that status.
  JsonDocument json(int status, const std::string& line, const std::string& body = {},
                    const std::string& fields = {});
  /// The problem's type, of an answer that must have that status.
  std::string problemOf(int status, const std::string& line, const std::string& body = {},
                        const std::string& fields = {});
  int port() const { return server_->port(); }

  WrongKeys wrongKeys_{clock_};
  Webhooks webhooks_{{database_, bell_, clock_}};
  const OpenapiChecker document_;
  Router router_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<HubSink> sink_;
  std::unique_ptr<EventFeed> feed_;
};

}  // namespace planwright
