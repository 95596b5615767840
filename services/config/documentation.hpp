#pragma once

#include <string>
#include <string_view>

namespace pgtrickle::config {

/// The text of docs/configuration.md: every option and every setting.
[[nodiscard]] std::string render_markdown();

/// The man page pgtrickled(8). `date` is that of the release, as 2026-11-27.
[[nodiscard]] std::string render_manual(std::string_view date);

/// The configuration file that the package brings: every option, and those set
/// that a machine needs which has PostgreSQL and NATS too.
[[nodiscard]] std::string render_default_file();

} // namespace pgtrickle::config
