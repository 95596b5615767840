#pragma once

#include "services/capture/frontier.hpp"
#include "services/differential/program.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace pgtrickle {

/// The blocks of one part of a change buffer between which changes lie.
struct block_range {
  int part = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;
};

/// The condition on a program's view of a change buffer that picks the changes
/// beyond `since`, which lie in `blocks`.
[[nodiscard]] std::string window(const frontier& since,
                                 const std::vector<block_range>& blocks);

/// The same blocks as four elements of an array of places: from the first to
/// before the second lie those of part 0, between the others those of part 1.
[[nodiscard]] std::string places_of(const std::vector<block_range>& blocks);

/// A statement that creates the view of a change buffer that a program reads:
/// its columns and no others, where each row lies, and rows only while a
/// refresh is under way.
[[nodiscard]] std::string create_view(const source_delta& source);

} // namespace pgtrickle
