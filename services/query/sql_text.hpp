#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pgtrickle {

/// Returns `identifier` in double quotes, safe to splice into a statement.
[[nodiscard]] std::string quoted(std::string_view identifier);

/// Returns `text` as a string constant, safe to splice into a statement.
[[nodiscard]] std::string literal(std::string_view text);

/// Returns `text` as an element of an array's text form.
[[nodiscard]] std::string array_element(std::string_view text);

/// Inside the engine, columns are positions: the name of column `index`
/// (from 0) is c1, c2 … in every relation, so no user's name can clash.
[[nodiscard]] std::string column_name(std::size_t index);

/// alias.c1, alias.c2 … as many as `count`.
[[nodiscard]] std::vector<std::string> column_references(std::string_view alias,
                                                         std::size_t count);

/// Returns "i.c1, i.c2, …" for `count` columns of `alias`; no alias, no dot.
[[nodiscard]] std::string column_list(std::string_view alias,
                                      std::size_t count);

/// Returns `parts` joined by `separator`.
[[nodiscard]] std::string joined(const std::vector<std::string>& parts,
                                 std::string_view separator = ", ");

} // namespace pgtrickle
