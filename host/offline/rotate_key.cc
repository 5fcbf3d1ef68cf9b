#include "offline/rotate_key.h"

#include <ostream>
#include <stdexcept>

#include <fmt/format.h>

#include "base/signing_key.h"
#include "offline/installation.h"

namespace planwright {
namespace {

void publish(Connection& connection, const PublicKey& key) {
  connection.run("record_signing_key", {key.id(), key.pem()});
}

}  // namespace

int rotateKey(const Config& config, std::ostream& out) {
  Installation here(config);
  const auto file = signingKeyFile(here.dataFolder());
  const auto connection = here.database().dedicated(Workload::Queries);
  const auto before = SigningKey::open(file);  // made now if there was none
  if (!before) throw std::runtime_error(before.error().message);
  publish(*connection, before->publicKey());
  const SigningKey key = SigningKey::replace(file);
  publish(*connection, key.publicKey());
  out << fmt::format("new key  {}\nold key  {}: what it signed stays good\n", key.publicKey().id(),
                     before->publicKey().id());
  if (here.isHostRunning()) out << "The host signs with the new key when it has started again.\n";
  return 0;
}

}  // namespace planwright
