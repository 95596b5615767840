#pragma once
// Values of aggregates that only the groups' rows tell.

#include "services/differential/aggregate_groups.hpp"

namespace pgtrickle {

/// Groups of an aggregate that a refresh touches.
struct touched_groups {
  const aggregate& node;
  const std::vector<column>& key_columns;
  const locator& where;
  const texts& keys;
  const std::vector<aggregate_state>& calls;
  /// A row for each: __id tells it apart, __redo whether its rows have to be
  /// read.
  program_builder::staged_rows& rows;
};

/// Adds the statements that compute such values from the current rows, and
/// stage the groups again with them.
void read_again(program_builder& program, const touched_groups& groups);

} // namespace pgtrickle
