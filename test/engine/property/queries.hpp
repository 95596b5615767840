#pragma once

#include "test/engine/property/query_text.hpp"
#include "test/engine/property/relations.hpp"

namespace pgtrickle::test {

/// A defining query, and the columns that its stream table has.
struct random_query {
  query_text text;
  std::vector<relation_column> columns;
  /// A window function in its list tells equal rows apart: with a second one it
  /// would be open which of the values go together.
  bool numbered = false;
};

/// A query over `tables`, in all the shapes that the engine has to keep.
[[nodiscard]] random_query make_query(random_source& random,
                                      const std::vector<relation>& tables);

} // namespace pgtrickle::test
