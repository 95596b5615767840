#pragma once
// What can be asked of the daemon, as the extension knows it too.

#include "services/core/result.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgtrickle {

/// `reads` changes nothing; a repetition of the others does what they do again.
enum class method_kind : std::uint8_t { reads, defines, acts };

struct call_method {
  /// Also the name of its SQL function.
  std::string_view name;
  method_kind kind;
  /// Arguments that must be there, and not null.
  std::vector<std::string_view> required;
};

/// In the order of their declaration.
[[nodiscard]] std::span<const call_method> all_call_methods();

/// Null: there is none of that name.
[[nodiscard]] const call_method* find_call_method(std::string_view name);

/// Checks arguments that did not come through the extension: that they are one
/// JSON object of UTF-8 without zero characters that nests no deeper than 32
/// levels, has what `method` needs, and whose query is no longer than 1 MB.
/// Errors: invalid_argument, query_too_large.
[[nodiscard]] result<void> check_arguments(const call_method& method,
                                           std::string_view json);

} // namespace pgtrickle
