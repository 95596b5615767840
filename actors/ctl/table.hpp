#pragma once

#include "services/postgres/client.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace pgtrickle::ctl {

/// How results are written.
enum class output_format : std::uint8_t { table, json, tsv };

/// The format of that name; `table` for any other.
[[nodiscard]] output_format format_of(std::string_view name);

/// The types of what this program says itself, by PostgreSQL's numbers.
inline constexpr oid type_bool = 16;
inline constexpr oid type_bigint = 20;
inline constexpr oid type_text = 25;

/// A table with a heading; JSON is an array with an object for each row, in
/// which numbers, booleans and JSON are what they are. TSV writes a line break,
/// a tab and a backslash with a backslash before them, and nothing for NULL.
[[nodiscard]] std::string rendered(const postgres::text_rows& rows,
                                   output_format format,
                                   bool has_colour = false);

/// The same for rows that come one after the other: without a heading, in lines
/// of their own, and JSON as one object a line.
[[nodiscard]] std::string lines_of(const postgres::text_rows& rows,
                                   output_format format);

/// A word with the colour of what it says, if it is one of those that tell
/// whether something is well: ACTIVE, ERROR, ok, critical …
[[nodiscard]] std::string coloured(const std::string& word);

/// A text in one line, without what a terminal would obey.
[[nodiscard]] std::string harmless(std::string_view text);

/// How many columns of a terminal a text takes, each character for one.
[[nodiscard]] std::size_t width_of(std::string_view utf8);

} // namespace pgtrickle::ctl
