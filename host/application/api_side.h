#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "control/control.h"
#include "http/server.h"

namespace planwright {

/// The role api: the routes to control and the event feed behind one HTTP server. Listens and
/// answers from construction to destruction. Main thread.
class ApiSide {
 public:
  struct Parts {
    Control& control;
    std::filesystem::path spoolFolder;  ///< upload bodies pass through it
    std::filesystem::path tokenFile;    ///< of the administrator
  };
  /// Throws if the address cannot be taken.
  explicit ApiSide(Parts parts);
  ~ApiSide();
  ApiSide(const ApiSide&) = delete;
  ApiSide& operator=(const ApiSide&) = delete;

  Server& server();
  std::string url() const;
  /// An address that signs a browser in as the administrator, once; "" if nobody has to sign in.
  std::string loginUrl() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace planwright
