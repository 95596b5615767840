#pragma once

#include "services/config/options.hpp"
#include "services/core/result.hpp"

#include <caf/actor_system_config.hpp>

namespace pgtrickle {

/// CAF's configuration with the daemon's options.
class daemon_options : public caf::actor_system_config {
public:
  /// Reads the environment, over it the configuration file, and over it the
  /// command line. Errors: invalid_argument.
  [[nodiscard]] result<void> read(int argc, char** argv);

  config::options chosen;
  bool wants_version = false;

  daemon_options();
};

} // namespace pgtrickle
