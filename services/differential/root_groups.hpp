#pragma once
// An aggregate whose rows are those of the stream table.

#include "services/differential/locator.hpp"
#include "services/differential/program_builder.hpp"

#include <optional>

namespace pgtrickle {

/// An aggregate, and how its columns c1 … (of `i`) make a row of the root. Each
/// group has its own row of the stream table.
struct root_aggregate {
  const aggregate& node;
  const plan& self;
  std::vector<std::string> outputs;
};

/// What `root` computes, if that is groups whose keys it shows, or a single
/// one.
[[nodiscard]] std::optional<root_aggregate> root_aggregate_of(const plan& root);

/// Adds the statements that bring the stream table up to date group by group,
/// and set `inserted` and `deleted`. They keep the groups' states in an
/// arrangement, unless the rows of the stream table tell them. `where` finds a
/// row of it.
void follow_groups(program_builder& program, const root_aggregate& root,
                   const locator& where);

} // namespace pgtrickle
