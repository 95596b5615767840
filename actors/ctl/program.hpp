#pragma once

#include "actors/ctl/commands.hpp"

#include <memory>

namespace pgtrickle::ctl {

/// The whole command line. What it asks for comes into `chosen`, which must
/// outlive it.
[[nodiscard]] std::unique_ptr<CLI::App> command_line(invocation& chosen);

} // namespace pgtrickle::ctl
