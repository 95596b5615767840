#pragma once
// Relations that programs read, as SQL: Z-sets over columns c1, c2 …

#include "services/query/plan.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pgtrickle {

/// A column of a relation that a program creates or stages.
struct column_definition {
  std::string name;
  std::string type;
};

/// Returns the condition that some of `deltas` has rows.
[[nodiscard]] std::string any_rows(const std::vector<std::string>& counts);

/// A relation of `columns` without rows: a SELECT in parentheses.
[[nodiscard]] std::string
no_rows(const std::vector<column_definition>& columns);

/// The definitions of `columns` as c1, c2 …
[[nodiscard]] std::vector<column_definition>
definitions(const std::vector<column>& columns);
[[nodiscard]] column_definition definition(std::string name,
                                           const column& type);
/// The definitions of `columns`, and of __weight.
[[nodiscard]] std::vector<column_definition>
delta_definitions(const std::vector<column>& columns);

/// The rows of `relation` (with __weight), those that are alike added up and
/// those that cancel left out: a SELECT in parentheses.
[[nodiscard]] std::string consolidated(std::string_view relation,
                                       const std::vector<column>& columns);

/// The same of the columns at `kept` alone, whose names stay.
[[nodiscard]] std::string consolidated(std::string_view relation,
                                       const std::vector<column>& columns,
                                       const std::vector<std::size_t>& kept);

/// The rows of `query` and, with weight -1, those of `table`, whose columns are
/// called `names`: a SELECT in parentheses.
[[nodiscard]] std::string difference(std::string_view query,
                                     std::string_view table,
                                     const std::vector<std::string>& names);

/// `reference` in a form whose equality means the same value: itself, or its
/// text where equal values may look different or have no equality.
[[nodiscard]] std::string exact(const std::string& reference,
                                const column& type);

} // namespace pgtrickle
