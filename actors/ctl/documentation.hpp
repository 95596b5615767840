#pragma once

#include <string>

namespace pgtrickle::ctl {

/// The text of docs/pgtricklectl.md: what the command line tells by --help, and
/// what it does not.
[[nodiscard]] std::string render_commands();

} // namespace pgtrickle::ctl
