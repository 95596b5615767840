#pragma once
// Plans over plans: what columns and key a node has, given its inputs.

#include "services/query/named_rows.hpp"

#include <map>

namespace pgtrickle {

[[nodiscard]] plan_ptr make_plan(operation node, std::vector<column> columns,
                                 std::vector<std::size_t> key = {});

[[nodiscard]] plan_ptr filter_of(plan_ptr input, std::string predicate,
                                 double share = filter{}.share,
                                 bool harmless = false);

enum class join_kind : std::uint8_t { inner, left, right, full };

/// Whether `condition` is a = b.
[[nodiscard]] bool is_equality(const pg_query::Node& condition);

/// The columns that `conditions`, over positions, set equal: of the left side,
/// which has `width` columns, and of the right.
[[nodiscard]] column_pairs
equated(const std::vector<pg_query::Node>& conditions, std::size_t width);

/// The pairs for which all of `conditions` (over positions: the left side's
/// columns, then the right side's) hold.
[[nodiscard]] plan_ptr join_of(plan_ptr left, plan_ptr right, join_kind kind,
                               const std::vector<pg_query::Node>& conditions);

/// The same for a condition over `l` and `r`, and a key that is known to hold.
[[nodiscard]] plan_ptr join_with(plan_ptr left, plan_ptr right, join_kind kind,
                                 std::string condition,
                                 std::vector<std::size_t> key = {},
                                 column_pairs equal = {});

/// Joins on columns that hold the same, null and null being the same.
/// `pairs`: columns of the left and of the right side, of the same types.
[[nodiscard]] std::string same_values(const plan& left, const plan& right,
                                      const column_pairs& pairs);
[[nodiscard]] plan_ptr join_on_same(plan_ptr left, plan_ptr right,
                                    join_kind kind, const column_pairs& pairs);

/// Whether some rows of tables below `plan` are left out by conditions.
[[nodiscard]] bool selects(const plan& plan);

/// The rows of the largest table below `plan` (0: unknown), and about what
/// share of them conditions leave.
struct plan_size {
  double rows = 0;
  double share = 1;
};
[[nodiscard]] plan_size size_of(const plan& plan);

/// Whether no row finds two rows of `right` by columns that are `equal`.
[[nodiscard]] bool finds_one(const plan& right, const column_pairs& equal);

/// Those of `pairs` for which `same_values` is SQL's equality.
[[nodiscard]] column_pairs never_null(const plan& left, const plan& right,
                                      const column_pairs& pairs);

/// Where the columns of `key` are, by their positions in `carried`; empty
/// unless all of them are.
[[nodiscard]] std::vector<std::size_t>
carried_key(const std::vector<std::size_t>& key,
            const std::map<std::size_t, std::size_t>& carried);

/// The columns of `input` at `positions`.
[[nodiscard]] plan_ptr columns_at(plan_ptr input,
                                  const std::vector<std::size_t>& positions);

/// 0, 1 … count − 1.
[[nodiscard]] std::vector<std::size_t> first_positions(std::size_t count);

} // namespace pgtrickle
