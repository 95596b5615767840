#pragma once
// What PostgreSQL knows about a defining query and the parse tree does not say.

#include "services/core/ids.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace pg_query {
class SelectStmt;
}

namespace pgtrickle {

/// How values of a type can be told apart.
enum class equality : std::uint8_t {
  /// Equal values are the same value: integers, text, dates.
  exact,
  /// Equal values may look different: numeric 1.0 and 1.00, intervals.
  loose,
  /// No equality that the engine may rely on: json, point, unknown types.
  none,
};

/// A column of a relation inside the engine.
struct column {
  /// As format_type gives it.
  std::string type;
  /// Quoted and qualified, unless it is the type's own.
  std::string collation = {};
  equality eq = equality::none;
  /// Hash and btree order exist and a btree entry can't grow too large.
  bool indexable = false;
  bool not_null = false;

  bool operator==(const column&) const = default;
};

/// Whether `type` is numeric, with or without a scale.
[[nodiscard]] inline bool is_numeric(const std::string& type) {
  return type.starts_with("numeric") && !type.ends_with("[]");
}

/// A column of a source table.
struct source_column {
  std::int16_t attnum = 0;
  std::string name;
  column facts;
  /// Among the table's columns, from 0; one that was dropped doesn't count.
  std::size_t position = 0;
  /// How many different values it has, as last counted; 0: unknown.
  double distinct = 0;
};

/// A relation that the defining query names.
struct relation_facts {
  oid id = 0;
  /// Schema-qualified and quoted.
  std::string name;
  /// pg_class.relkind: r, p, v, m, f …
  char kind = 'r';
  /// The columns that the query uses, by attribute number.
  std::vector<source_column> columns;
  /// How many rows it has, as last counted; 0: unknown.
  double rows = 0;
  /// Positions in `columns` of the primary key; empty if there is none or not
  /// all of it is used.
  std::vector<std::size_t> key;
  /// Tables whose changes reach this relation: itself, or what a view reads.
  std::set<oid> tables;
  /// What a view stands for, if the reader may read all that it reads.
  std::shared_ptr<const pg_query::SelectStmt> definition = {};
};

/// A function that the defining query calls, directly or through views.
struct function_facts {
  std::string schema;
  std::string name;
  /// pg_proc.provolatile: i, s or v.
  char volatility = 'v';
  /// pg_proc.prokind: f, a, w.
  char kind = 'f';
  bool returns_set = false;
};

struct query_facts {
  /// By schema and name.
  std::map<std::pair<std::string, std::string>, relation_facts> relations;
  std::vector<function_facts> functions;
  /// CURRENT_DATE and its kin, by SQL name.
  bool reads_clock = false;
};

} // namespace pgtrickle
