#pragma once

#include <string>

#include "config/config.h"

namespace planwright {

/// A sentence: how many connections to Postgres a host opens at most, beside what the server
/// allows. Asks the server, for two seconds at most.
std::string connectionNote(const Config& config);

}  // namespace planwright
