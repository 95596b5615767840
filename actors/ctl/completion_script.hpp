#pragma once

#include <string>

namespace CLI {
class App;
} // namespace CLI

namespace pgtrickle::ctl {

/// What bash and zsh complete for the commands and options of `app`; names of
/// stream tables they ask the database for.
[[nodiscard]] std::string bash_completion(const CLI::App& app);
[[nodiscard]] std::string zsh_completion(const CLI::App& app);

} // namespace pgtrickle::ctl
