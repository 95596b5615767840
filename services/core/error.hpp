#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace pgtrickle {

namespace detail {

/// The place of each code in errors.def, counted from 0.
enum class error_place : std::uint8_t {
#define ERROR_CODE(name, sqlstate, what_next, meaning, remedy) name,
#include "services/core/errors.def"
};

} // namespace detail

/// Everything that can go wrong, named after the cause.
/// Starts at 1: `caf::error` reserves 0 for "no error".
enum class errc : std::uint8_t {
#define ERROR_CODE(name, sqlstate, what_next, meaning, remedy)                 \
  name = static_cast<std::uint8_t>(detail::error_place::name) + 1,
#include "services/core/errors.def"
};

/// What the caller must do: the one question an error has to answer.
enum class reaction : std::uint8_t { reject, rebuild, retry, halt };

/// What is told of an errc.
struct error_description {
  errc code;
  std::string_view name;
  std::string_view sqlstate;
  reaction what_next;
  std::string_view meaning;
  std::string_view remedy;
};

/// Every errc, in the order of its declaration.
[[nodiscard]] std::span<const error_description> error_descriptions();

[[nodiscard]] reaction reaction_to(errc code);

[[nodiscard]] std::string_view to_string(errc code);
[[nodiscard]] std::string_view to_string(reaction what_next);

/// The SQLSTATE under which SQL callers see `code`.
[[nodiscard]] std::string_view sqlstate_of(errc code);

} // namespace pgtrickle
