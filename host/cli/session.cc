#include "cli/session.h"

#include <filesystem>

#include "cli/server_address.h"

namespace planwright::cli {

Client& Session::client() {
  if (!client_)
    client_ = std::make_unique<Client>(serverAddress(server, std::filesystem::current_path()),
                                       accessToken());
  return *client_;
}

}  // namespace planwright::cli
