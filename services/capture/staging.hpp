#pragma once

#include "services/capture/frontier.hpp"
#include "services/differential/program.hpp"

#include <string>

namespace pgtrickle {

/// The change buffer of `table`.
[[nodiscard]] std::string change_buffer(oid table);

/// A query for one row: how many changes of `table` lie beyond `since`, and
/// whether a TRUNCATE is among them.
[[nodiscard]] std::string count_changes(oid table, const frontier& since);

/// A query for one truth value: does any change of `table` lie beyond `since`?
[[nodiscard]] std::string any_changes(oid table, const frontier& since);

/// A statement that creates the view of the change buffer that a program reads:
/// its columns and no others, and rows only while a refresh is under way.
[[nodiscard]] std::string create_view(const source_delta& source);

} // namespace pgtrickle
