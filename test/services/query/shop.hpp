#pragma once
// What PostgreSQL would tell of a small shop: tables orders and customers, and
// the view late_orders over orders.

#include "services/query/facts.hpp"
#include "services/query/plan_builder.hpp"

#include <string>

namespace pgtrickle::shop {

constexpr oid orders = 100;
constexpr oid customers = 200;
constexpr oid late_orders = 300;

inline const column whole_number{.type = "integer",
                                 .eq = equality::exact,
                                 .indexable = true,
                                 .not_null = true};
inline const column money{.type = "numeric", .eq = equality::loose};
inline const column words{.type = "text", .eq = equality::exact};
inline const column document{.type = "json"};

/// orders(id, customer, amount, note) and customers(id, name, extra), both with
/// the primary key id; and some of PostgreSQL's functions.
[[nodiscard]] query_facts facts();

/// Answers for PostgreSQL: every column is a bigint.
[[nodiscard]] describe_query describe_as_bigint();

/// The plan of `sql`, which must have one.
[[nodiscard]] plan_ptr plan_of(const std::string& sql);

/// The plan of `sql` as text that begins with a line break, so that a test can
/// show it as a block.
[[nodiscard]] std::string plan_text(const std::string& sql);

/// What made parts of `sql` opaque, joined by "; ".
[[nodiscard]] std::string opaque_parts(const std::string& sql);

} // namespace pgtrickle::shop
