#pragma once

#include <iosfwd>

#include "config/config.h"

namespace planwright {

/// Gives the host of this configuration a new signing key. The public half of the old one stays
/// among the keys of the store, so what it has signed is good for ever; its private half is gone.
/// Gives the exit code; throws what Installation throws.
int rotateKey(const Config& config, std::ostream& out);

}  // namespace planwright
