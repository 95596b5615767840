#pragma once

#include <cstdint>

namespace pgtrickle {

/// Identifies a stream table in the catalog (pgt_id).
enum class stream_table_id : std::int64_t {};

/// A PostgreSQL object identifier.
using oid = std::uint32_t;

} // namespace pgtrickle
