#pragma once
// The calls that the snapshotter carries out, by their method's name.

#include "services/calls/call_effect.hpp"
#include "services/engine/stream_table.hpp"
#include "services/postgres/session.hpp"

#include <string>
#include <vector>

namespace pgtrickle {

/// Carries out `method` in the name of `by`.
/// Errors: those of snapshots::*, and invalid_argument (the method, the
/// arguments).
[[nodiscard]] result<call_effect>
carry_out_snapshot_call(postgres::session& db, const caller& by,
                        const std::string& method, const std::string& arguments,
                        ownership fence);

/// The methods of these calls.
[[nodiscard]] std::vector<std::string> snapshot_methods();

} // namespace pgtrickle
