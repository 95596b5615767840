#pragma once
// What a condition with OR demands of all its alternatives.

#include "pg_query.pb.h"

#include <functional>
#include <optional>
#include <vector>

namespace pgtrickle {

/// Conditions that together say what `condition`, an OR, says: those that all
/// its alternatives have in common, and the OR of what is left. Nothing if they
/// have none.
[[nodiscard]] std::optional<std::vector<pg_query::Node>>
factored(const pg_query::Node& condition);

/// The OR of the parts of `condition`'s alternatives that are `wanted`: a
/// condition that follows from it. Nothing unless every alternative has such a
/// part, or if `condition` is no OR.
[[nodiscard]] std::optional<pg_query::Node>
implied(const pg_query::Node& condition,
        const std::function<bool(const pg_query::Node&)>& wanted);

} // namespace pgtrickle
