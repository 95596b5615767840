#pragma once

#include "services/snapshots/snapshots.hpp"

namespace pgtrickle::snapshots {

/// As `take`, and marks the snapshot as one that may be thinned.
[[nodiscard]] result<std::string> take_by_schedule(postgres::session& db,
                                                   const caller& by,
                                                   const std::string& name,
                                                   ownership fence);

} // namespace pgtrickle::snapshots
