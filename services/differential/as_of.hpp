#pragma once
// The rows of a query at an earlier moment.

#include "services/differential/program.hpp"

#include <optional>
#include <string>

namespace pgtrickle {

/// The rows of `root` before the changes for which `beyond` holds, a condition
/// on the column __xid of a change buffer: its query over the sources as they
/// were then, which are their present rows without those changes. A SELECT in
/// parentheses. Absent if a part of the query is recomputed: what it reads is
/// captured in no buffer. `program` is that of `root`.
[[nodiscard]] std::optional<std::string>
rows_as_of(const plan& root, const refresh_program& program,
           const std::string& beyond);

} // namespace pgtrickle
