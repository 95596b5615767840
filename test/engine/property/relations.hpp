#pragma once
// Random tables, the values in them, and statements that change them.

#include "test/engine/property/random_source.hpp"

#include <string>
#include <vector>

namespace pgtrickle::test {

enum class sql_type : std::uint8_t {
  integer,
  bigint,
  numeric,
  text,
  date,
  timestamptz,
  boolean,
  float8,
  json,
  /// An array; no column of a table has it.
  integers,
};

[[nodiscard]] std::string name_of(sql_type type);
[[nodiscard]] sql_type random_type(random_source& random,
                                   bool with_json = true);
[[nodiscard]] std::string random_literal(random_source& random, sql_type type);

struct relation_column {
  /// Quoted if it has to be.
  std::string name;
  sql_type type = sql_type::integer;
};

/// A table as the generators see it.
struct relation {
  std::string name;
  std::vector<relation_column> columns;
  /// The first column is an integer primary key.
  bool keyed = false;
  bool partitioned = false;
};

[[nodiscard]] relation random_table(random_source& random, std::size_t number);

/// Statements that create `table` and put rows into it.
[[nodiscard]] std::vector<std::string> creation_of(random_source& random,
                                                   const relation& table);

/// A condition over the columns of `table`, or "true".
[[nodiscard]] std::string random_row_condition(random_source& random,
                                               const relation& table);

/// An INSERT, UPDATE or DELETE. `first_key` keeps the keys of two sessions
/// apart.
[[nodiscard]] std::string random_change(random_source& random,
                                        const relation& table, int first_key);

} // namespace pgtrickle::test
