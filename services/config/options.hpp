#pragma once

#include "services/core/result.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pgtrickle::config {

/// How the daemon was told to run.
struct options {
#define OPTION(type, member, name, value, environment, description)            \
  type member = value;
#include "services/config/options.def"
};

struct option_description {
  std::string_view name;
  std::string default_text;
  std::string_view environment;
  std::string_view description;
};

/// Every option, in the order of its declaration.
[[nodiscard]] std::span<const option_description> option_descriptions();

/// The value of an environment variable, if it is set.
using environment = std::function<std::optional<std::string>(const char*)>;

/// Takes from `env` what is set there; the configuration file and the command
/// line come afterwards. Errors: invalid_argument.
[[nodiscard]] result<void> read_environment(options& o, const environment& env);

/// Errors: invalid_argument, with the option's name.
[[nodiscard]] result<void> validate(const options& o);

} // namespace pgtrickle::config
