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

/// A statement that puts the consolidated changes of `source` beyond `since`
/// into its staging table; nothing to stage: empty.
[[nodiscard]] std::string stage_changes(const source_delta& source,
                                        const frontier& since);

} // namespace pgtrickle
