#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace planwright {

/// A connected socket, with TLS or without, whose every call ends in time. Failures are
/// std::runtime_error with a sentence for people. One thread.
class StreamSocket {
 public:
  struct Address {
    std::string host;  ///< or the path of a socket
    int port = 0;      ///< 0: `host` is a path
    bool isTls = false;
    std::string caFile;             ///< "": the certificates that the system trusts
    std::string certFile, keyFile;  ///< this client's own, or ""
  };
  /// `patience`: for the connection, and then for each call.
  StreamSocket(const Address& address, std::chrono::milliseconds patience);
  ~StreamSocket();
  StreamSocket(const StreamSocket&) = delete;
  StreamSocket& operator=(const StreamSocket&) = delete;

  void write(std::string_view bytes);
  /// At least one byte.
  std::size_t read(char* into, std::size_t size);

 private:
  struct Tls;
  UniqueFd fd_;
  std::unique_ptr<Tls> tls_;
};

}  // namespace planwright
