#pragma once

#include "services/core/error.hpp"

#include <tl/expected.hpp>

#include <string>

namespace pgtrickle {

/// Why an operation failed, in the words that the user will read.
struct failure {
  errc code;
  /// Lower case, no full stop, names the object.
  std::string message;
  std::string detail = {};
  /// A sentence that says what to do.
  std::string hint = {};
  /// PostgreSQL's own SQLSTATE, where it raised the error; else empty.
  std::string sqlstate = {};

  /// The SQLSTATE to report.
  [[nodiscard]] std::string_view state() const {
    return sqlstate.empty() ? sqlstate_of(code) : std::string_view{sqlstate};
  }
};

/// A value or a failure (std::expected needs C++23).
template <class T>
using result = tl::expected<T, failure>;

/// Shortens `return tl::unexpected(failure{...})`.
[[nodiscard]] inline tl::unexpected<failure>
fail(errc code, std::string message, std::string hint = {}) {
  return tl::unexpected(failure{code, std::move(message), {}, std::move(hint)});
}

} // namespace pgtrickle
