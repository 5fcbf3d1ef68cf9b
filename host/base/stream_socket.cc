#include "base/stream_socket.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace planwright {
namespace {

struct FreeAddressList {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};
struct FreeTlsContext {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
struct FreeTls {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
};

std::string reason(int error) {
  return error == EAGAIN || error == EINPROGRESS || error == ETIMEDOUT
             ? "it does not answer in time"
             : std::generic_category().message(error);
}

[[noreturn]] void fail(int error) {
  throw std::runtime_error(reason(error));
}

/// 0, or why it is not connected.
int connectIn(int fd, const sockaddr* to, socklen_t size, int milliseconds) {
  const int flags = ::fcntl(fd, F_GETFL);
  ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  if (::connect(fd, to, size) != 0) {
    if (errno != EINPROGRESS) return errno;
    pollfd wait{fd, POLLOUT, 0};
    if (::poll(&wait, 1, milliseconds) <= 0) return ETIMEDOUT;
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return error;
  }
  ::fcntl(fd, F_SETFL, flags);
  return 0;
}

UniqueFd connectPath(const std::string& path, int milliseconds) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path.size() >= sizeof to.sun_path) fail(ENAMETOOLONG);
  std::memcpy(to.sun_path, path.data(), path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) fail(errno);
  if (const int error =
          connectIn(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to, milliseconds))
    fail(error);
  return fd;
}

UniqueFd connectHost(const std::string& host, int port, int milliseconds) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found))
    throw std::runtime_error(::gai_strerror(error));
  const std::unique_ptr<addrinfo, FreeAddressList> list(found);
  int why = EADDRNOTAVAIL;
  for (const addrinfo* at = found; at; at = at->ai_next) {
    UniqueFd fd(::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol));
    if (!fd) continue;
    why = connectIn(fd.get(), at->ai_addr, at->ai_addrlen, milliseconds);
    if (why != 0) continue;
    const int yes = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
  }
  fail(why);
}

/// What OpenSSL says of its last failure.
[[noreturn]] void failTls(const std::string& what, const SSL* ssl = nullptr) {
  const int system = errno;
  const long verdict = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
  const unsigned long code = ERR_peek_last_error();
  const char* said = code ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  if (verdict != X509_V_OK)
    throw std::runtime_error(what + ": " + X509_verify_cert_error_string(verdict));
  throw std::runtime_error(what + ": " + (said ? said : reason(system)));
}

bool isAddress(const std::string& host) {
  unsigned char bytes[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

}  // namespace

struct StreamSocket::Tls {
  std::unique_ptr<SSL_CTX, FreeTlsContext> context;
  std::unique_ptr<SSL, FreeTls> ssl;

  Tls(const Address& address, int fd) : context(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX* c = context.get();
    SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
    const bool trusts = address.caFile.empty() ? SSL_CTX_set_default_verify_paths(c) == 1
                                               : SSL_CTX_load_verify_locations(
                                                     c, address.caFile.c_str(), nullptr) == 1;
    if (!trusts) failTls("the certificates in " + address.caFile + " cannot be read");
    if (!address.certFile.empty() &&
        (SSL_CTX_use_certificate_chain_file(c, address.certFile.c_str()) != 1 ||
         SSL_CTX_use_PrivateKey_file(c, address.keyFile.c_str(), SSL_FILETYPE_PEM) != 1))
      failTls("the certificate " + address.certFile + " with its key cannot be used");
    ssl.reset(SSL_new(c));
    SSL_set_fd(ssl.get(), fd);
    if (isAddress(address.host)) {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), address.host.c_str());
    } else {
      SSL_set1_host(ssl.get(), address.host.c_str());
      SSL_set_tlsext_host_name(ssl.get(), address.host.c_str());
    }
    if (SSL_connect(ssl.get()) != 1) failTls("TLS", ssl.get());
  }
};

StreamSocket::StreamSocket(const Address& address, std::chrono::milliseconds patience) {
  const int milliseconds = static_cast<int>(patience.count());
  fd_ = address.port == 0 ? connectPath(address.host, milliseconds)
                          : connectHost(address.host, address.port, milliseconds);
  const timeval limit{milliseconds / 1000, milliseconds % 1000 * 1000};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (address.isTls) tls_ = std::make_unique<Tls>(address, fd_.get());
}

StreamSocket::~StreamSocket() = default;

void StreamSocket::write(std::string_view bytes) {
  if (tls_) {
    if (SSL_write(tls_->ssl.get(), bytes.data(), static_cast<int>(bytes.size())) <= 0)
      failTls("TLS", tls_->ssl.get());
    return;
  }
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) fail(errno);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::size_t StreamSocket::read(char* into, std::size_t size) {
  if (tls_) {
    const int got = SSL_read(tls_->ssl.get(), into, static_cast<int>(size));
    if (got > 0) return static_cast<std::size_t>(got);
    if (SSL_get_error(tls_->ssl.get(), got) == SSL_ERROR_ZERO_RETURN)
      throw std::runtime_error("the server closed the connection");
    failTls("TLS", tls_->ssl.get());
  }
  for (;;) {
    const ssize_t got = ::recv(fd_.get(), into, size, 0);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) throw std::runtime_error("the server closed the connection");
    if (errno != EINTR) fail(errno);
  }
}

}  // namespace planwright
