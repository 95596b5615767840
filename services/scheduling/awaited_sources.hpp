#pragma once

#include "services/scheduling/scheduled_table.hpp"

#include <set>
#include <span>

namespace pgtrickle {

/// The sources whose changes some table is to show as soon as possible: what
/// it reads, and what is read by the calculated tables that it reads.
[[nodiscard]] std::set<oid>
awaited_sources(std::span<const scheduled_table> tables);

} // namespace pgtrickle
