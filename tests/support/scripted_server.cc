#include "support/scripted_server.h"

#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace planwright {
namespace {

/// The value of a header, or empty. `head` is lower case.
std::string header(const std::string& head, const std::string& name) {
  const auto at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace

ScriptedServer::ScriptedServer() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_.get(), generic, size) != 0 || listen(listener_.get(), 64) != 0 ||
      getsockname(listener_.get(), generic, &size) != 0)
    throw std::runtime_error("the scripted server cannot listen");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

ScriptedServer::~ScriptedServer() {
  shutdown(listener_.get(), SHUT_RDWR);  // wakes accept
  thread_.join();
}

void ScriptedServer::on(const std::string& request, std::vector<Answer> answers) {
  script_.lock()->answers[request] = std::move(answers);
}

std::vector<std::string> ScriptedServer::requests() {
  return script_.lock()->requests;
}

void ScriptedServer::serve() {
  while (true) {
    const UniqueFd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) return;
    answerOne(client.get());
  }
}

void ScriptedServer::answerOne(int client) {
  std::string bytes;
  char buffer[4096];
  std::size_t end = std::string::npos;
  std::size_t length = 0;
  while (end == std::string::npos || bytes.size() < end + 4 + length) {
    const ssize_t got = recv(client, buffer, sizeof(buffer), 0);
    if (got <= 0) return;
    bytes.append(buffer, static_cast<std::size_t>(got));
    end = bytes.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    std::string head = bytes.substr(0, end + 2);
    for (char& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const std::string given = header(head, "content-length");
    length = given.empty() ? 0 : std::stoul(given);
  }
  const std::string line = bytes.substr(0, bytes.find(" HTTP/"));
  const Answer answer = next(line, bytes.substr(end + 4));
  const std::string reply =
      "HTTP/1.1 " + std::to_string(answer.status) +
      " X\r\nConnection: close\r\nContent-Length: " + std::to_string(answer.body.size()) + "\r\n" +
      answer.headers + "\r\n" + answer.body;
  send(client, reply.data(), reply.size(), MSG_NOSIGNAL);
}

ScriptedServer::Answer ScriptedServer::next(const std::string& request, const std::string& body) {
  auto script = script_.lock();
  script->requests.push_back(request + (body.empty() ? "" : " " + body));
  const auto found = script->answers.find(request);
  if (found == script->answers.end() || found->second.empty())
    return {404, R"({"title":"Not found","status":404,"detail":"There is no )" + request + "\"}",
            ""};
  Answer answer = found->second.front();
  if (found->second.size() > 1) found->second.erase(found->second.begin());
  return answer;
}

}  // namespace planwright
