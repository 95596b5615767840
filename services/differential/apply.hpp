#pragma once
// Changing a table by a staged delta.

#include "services/differential/locator.hpp"
#include "services/differential/program_builder.hpp"

namespace pgtrickle {

/// A table whose rows are to follow a delta.
struct applied_table {
  std::string name;
  /// Quoted names, in the order of the delta's columns.
  std::vector<std::string> columns;
};

/// Adds statements that change `table` by the consolidated rows of `changes`,
/// and leave every other row alone. They raise data_corrupted when a row that
/// has to go is not there.
void apply(program_builder& program, const applied_table& table,
           const locator& where, const std::string& changes);

} // namespace pgtrickle
