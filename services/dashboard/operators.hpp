#pragma once

#include "services/core/ids.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgtrickle::dashboard {

/// One operator of a plan, without anything that the query says.
struct plan_operator {
  /// 0: the root. An operator's inputs follow it, one deeper.
  std::size_t depth = 0;
  std::string name;
  /// What a scan reads.
  std::optional<oid> relation = {};
};

/// The operators of a plan, from its shape (`shape_of` in services/query).
/// Nothing if it is none.
[[nodiscard]] std::vector<plan_operator> operators_in(std::string_view shape);

} // namespace pgtrickle::dashboard
