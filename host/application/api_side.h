#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "programs/sandbox_report.h"
#include "queues/plugin_switch.h"
#include "queues/queues.h"
#include "queues/reload.h"
#include "stages/registry.h"
#include "workers/host.h"

namespace planwright {

/// The role api: control, its routes and the event feed behind one HTTP server. Listens and answers
/// from construction to destruction. Main thread.
class ApiSide {
 public:
  struct Parts {
    const Host& host;
    const Plugins& plugins;  ///< of the plugin folders
    const SandboxReport& sandbox;
    Queues& queues;
    Reload& reload;
    PluginSwitch& plugSwitch;
    const ServiceState& postgres;
    const ServiceState& redis;
    const ServiceState& store;
    std::filesystem::path spoolFolder;  ///< upload bodies pass through it
    std::filesystem::path signingKeyFile;
    std::filesystem::path tokenFile;  ///< of the administrator
  };
  /// Throws if the address cannot be taken.
  explicit ApiSide(Parts parts);
  ~ApiSide();
  ApiSide(const ApiSide&) = delete;
  ApiSide& operator=(const ApiSide&) = delete;

  std::string url() const;
  /// An address that signs a browser in as the administrator, once; "" if nobody has to sign in.
  std::string loginUrl() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace planwright
