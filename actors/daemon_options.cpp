#include "actors/daemon_options.hpp"

#include <caf/atom.hpp>
#include <caf/config_option_adder.hpp>
#include <caf/error.hpp>
#include <fmt/format.h>

#include <cstdlib>

namespace pgtrickle {

namespace {

std::optional<std::string> variable(const char* name) {
  const auto* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

} // namespace

daemon_options::daemon_options() {
  // Idle workers of the other policy poll; these sleep until there is work.
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", std::size_t{2});
  config_file_path = "/etc/pgtrickle/pgtrickled.conf";
  caf::config_option_adder adder{custom_options_, "global"};
#define OPTION(type, member, name, value, environment, description)            \
  adder.add<type>(chosen.member, name, description);
#include "services/config/options.def"
  adder.add<bool>(wants_version, "version,V", "Prints the version and ends.");
}

result<void> daemon_options::read(int argc, char** argv) {
  if (auto known = config::read_environment(chosen, variable); !known)
    return known;
  if (const auto error = parse(argc, argv))
    return fail(errc::invalid_argument,
                fmt::format("options: {}", caf::to_string(error)),
                "See pgtrickled --help.");
  if (!remainder.empty())
    return fail(errc::invalid_argument,
                fmt::format("options: {} is not one", remainder.front()),
                "See pgtrickled --help.");
  return config::validate(chosen);
}

} // namespace pgtrickle
