#pragma once
// What an operator adds to a refresh program, in a form that can be read.

#include "services/differential/program_builder.hpp"

#include <string>
#include <vector>

namespace pgtrickle {

/// orders(customer integer not null, amount integer) without a key, and
/// customers(id integer primary key).
[[nodiscard]] plan_ptr scan_of_orders();
[[nodiscard]] plan_ptr scan_of_customers();

/// A plan over others, whose columns are integers and never null.
[[nodiscard]] plan_ptr node_of(operation node, std::size_t columns);

/// What `differentiate` adds to a program and returns. Δorders stands for the
/// changes of orders and #orders for their number; STAGE x AS (…) stages rows,
/// #x is their number, RUN is a statement, n := (…) what a query gives; tables
/// are called by their last name, arrangements state.<name>; each clause is a
/// line.
struct emission {
  std::string lines;
  std::string relation;
  std::vector<std::string> counts;

  /// Whether the program runs `text`.
  [[nodiscard]] bool has(const std::string& text) const;
};

[[nodiscard]] emission emission_of(const plan& plan);

} // namespace pgtrickle
