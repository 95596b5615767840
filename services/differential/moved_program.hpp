#pragma once
// A stored program where its sources have other oids.

#include "services/differential/program.hpp"

#include <map>
#include <string>
#include <string_view>

namespace pgtrickle {

/// Where a relation is now.
struct moved_relation {
  oid found = 0;
  /// The present attribute numbers, by the former ones.
  std::map<std::int16_t, std::int16_t> attnums;
};

/// By the former oid.
using moved_relations = std::map<oid, moved_relation>;

/// Puts the present oids and attribute numbers into `program`. False: `moved`
/// lacks one of them, and the program is of no use.
[[nodiscard]] bool move_sources(refresh_program& program,
                                const moved_relations& moved);

/// The shape of a plan (`shape_of`) under the present numbers. One that `moved`
/// lacks stays as it is.
[[nodiscard]] std::string moved_shape(std::string_view shape,
                                      const moved_relations& moved);

} // namespace pgtrickle
