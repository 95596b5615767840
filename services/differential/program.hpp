#pragma once
// What a refresh of one stream table consists of: plain SQL, compiled once.

#include "services/core/ids.hpp"
#include "services/query/plan.hpp"

#include <string>
#include <vector>

namespace pgtrickle {

/// The stream table that a program keeps.
struct program_target {
  stream_table_id id{};
  /// Quoted and schema-qualified.
  std::string name;
  /// Its columns' names, unquoted, in the order of the plan's columns.
  std::vector<std::string> columns;
  /// Kept in the transactions that write to its sources: nothing of the program
  /// belongs to a session.
  bool immediate = false;
};

/// A source whose changes a program reads.
struct source_delta {
  oid table = 0;
  /// A view of the change buffer with the columns that the program reads; of an
  /// IMMEDIATE stream table the staging table of a statement's changes. Empty:
  /// it only asks how many changes there are.
  std::string view;
  /// One for each column of `view`.
  std::vector<std::int16_t> attnums;
  std::vector<column> columns;
  /// A part of the query that is recomputed reads the table too, and may read
  /// any column of it. Known to the compiler only.
  bool any_column = false;
  /// Its changes are only added up: those that cancel need not be found first.
  bool adds_up = false;
};

/// The statements that keep one stream table.
///
/// `function_body` is the body of
///   function refresh(mode text, later xid8, open xid8[], own xid8,
///     places tid[], changes bigint[], direct text[]) returns bigint[]
/// where `mode` is FILL, DIFFERENTIAL, FULL or CHECK (may the owner run the
/// query at all?). The frontier had not seen the transactions from `later` on,
/// those of `open`, and has consumed those of `own`. For each source, `changes`
/// tells how many of its rows are new, and four elements of `places` between
/// which places of each part of its change buffer they lie. They are
/// consolidated first, or, where `direct` is not null, read as they are:
/// staged, or where they lie if it has a condition that picks them. The result
/// is rows inserted and rows deleted. The program of an IMMEDIATE stream table
/// is given changes only, and decides itself what it consolidates.
struct refresh_program {
  /// Changes with the shape of programs: an older one is compiled again.
  static constexpr int current_version = 5;

  bool immediate = false;
  std::vector<source_delta> sources;
  /// Tables that are empty between refreshes: temporary ones, created in each
  /// session that runs the program; if it is `immediate`, unlogged ones,
  /// created with it.
  std::vector<std::string> staging;
  std::vector<std::string> create_staging;
  /// Arrangements, created with the stream table; and their indexes.
  std::vector<std::string> state;
  std::vector<std::string> create_state;
  /// On the stream table, made after it is filled.
  std::vector<std::string> indexes;
  std::string function_body;
};

/// The name of the index by which a program finds rows of its stream table.
[[nodiscard]] std::string row_index(stream_table_id id);

/// Compiles the refresh program of `root` for `target`.
[[nodiscard]] refresh_program compile(const plan& root,
                                      const program_target& target);

} // namespace pgtrickle
