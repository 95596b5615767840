#pragma once

#include "services/postgres/client.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace pgtrickle::ctl {

/// How results are written.
enum class output_format : std::uint8_t { pretty, json, tsv };

/// The format of that name; `pretty` for any other.
[[nodiscard]] output_format format_of(std::string_view name);

/// The types of what this program says itself, by PostgreSQL's numbers.
inline constexpr oid type_bool = 16;
inline constexpr oid type_bigint = 20;
inline constexpr oid type_text = 25;

/// A table with a heading; JSON is an array with an object for each row, in
/// which numbers, booleans and JSON are what they are. TSV writes a line break,
/// a tab and a backslash with a backslash before them, and nothing for NULL.
[[nodiscard]] std::string rendered(const postgres::text_rows& rows,
                                   output_format format);

} // namespace pgtrickle::ctl
