#pragma once

#include "services/snapshot_transfer/header.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace pgtrickle::snapshot_transfer {

/// How far a transfer is.
struct transfer_position {
  /// Where the source has to go on, in its own count: blocks of a table, pieces
  /// of a file.
  std::int64_t next = 0;
  std::int64_t rows = 0;

  bool operator==(const transfer_position&) const = default;
};

/// What the comment on a table tells whose copying is not finished.
struct partial_copy {
  qualified_name target;
  /// Of the snapshot that is being copied.
  std::string identity;
  transfer_position position;

  bool operator==(const partial_copy&) const = default;
};

/// Where the rows of `target` are until they are complete: in its schema, under
/// a name that follows from it.
[[nodiscard]] qualified_name partial_name(const qualified_name& target);

[[nodiscard]] std::string partial_text(const partial_copy& copy);

/// Nothing: the comment is not one of a partial copy.
[[nodiscard]] std::optional<partial_copy> read_partial(const std::string& text);

} // namespace pgtrickle::snapshot_transfer
