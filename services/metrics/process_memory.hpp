#pragma once

#include <cstdint>

namespace pgtrickle::metrics {

/// What this process holds in memory, in bytes; 0: not known.
[[nodiscard]] std::uint64_t resident_memory();

} // namespace pgtrickle::metrics
