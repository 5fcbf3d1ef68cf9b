#include "support/api_fixture.h"

#include <stdexcept>

#include "base/embedded_files.h"

namespace planwright {

ApiFixture::ApiFixture() {
  ServerOptions options;
  options.listen.address = "127.0.0.1:0";
  options.threads = 2;
  options.onRequest = countRequests(metrics_);
  server_ = std::make_unique<Server>(router_, options);
  sink_ = std::make_unique<HubSink>(server_->hub());
  feed_ = std::make_unique<EventFeed>(control_->parts, *sink_);
  addRoutes(router_, {*control_,
                      *feed_,
                      embeddedFiles(),
                      *server_,
                      {nullptr, wrongKeys_, "planwright"},
                      webhooks_});
  if (const auto listening = server_->listen(); !listening)
    throw std::runtime_error(listening.error().message);
  server_->start();
  feed_->start();
}

ApiFixture::~ApiFixture() {
  feed_->stop();
  server_->stop();
}

RawAnswer ApiFixture::request(const std::string& line, const std::string& body,
                              const std::string& fields) {
  const bool hasBody = !line.starts_with("GET") && !line.starts_with("HEAD");
  const std::string length =
      hasBody ? "Content-Length: " + std::to_string(body.size()) + "\r\n" : "";
  return ask(port(), line, length + fields, body);
}

JsonDocument ApiFixture::json(int status, const std::string& line, const std::string& body,
                              const std::string& fields) {
  const RawAnswer answer = request(line, body, fields);
  EXPECT_EQ(answer.status, status) << line << "\n" << answer.body;
  EXPECT_EQ(document_.complaint(line, answer.status, answer.header("Content-Type"), answer.body),
            "")
      << line << "\n"
      << answer.body;
  return parsed(answer.body);
}

std::string ApiFixture::problemOf(int status, const std::string& line, const std::string& body,
                                  const std::string& fields) {
  const RawAnswer answer = request(line, body, fields);
  EXPECT_EQ(answer.status, status) << line << "\n" << answer.body;
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json") << line;
  EXPECT_EQ(document_.complaint(line, answer.status, answer.header("Content-Type"), answer.body),
            "")
      << line << "\n"
      << answer.body;
  const auto document = parsed(answer.body);
  EXPECT_EQ(numberOr(document, "status", 0), status);
  EXPECT_FALSE(textOr(document, "request_id").empty());
  const std::string type = textOr(document, "type");
  return type.substr(type.rfind('/') + 1);
}

}  // namespace planwright
