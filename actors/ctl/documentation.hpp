#pragma once

#include <string>
#include <string_view>

namespace pgtrickle::ctl {

/// The text of docs/cli.md: what the command line tells by --help, and
/// what it does not.
[[nodiscard]] std::string render_commands();

/// The man page pgtricklectl(1). `date` is that of the release, as 2026-11-27.
[[nodiscard]] std::string render_manual(std::string_view date);

} // namespace pgtrickle::ctl
