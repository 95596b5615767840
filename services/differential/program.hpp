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
};

/// A source whose changes a program reads.
struct source_delta {
  oid table = 0;
  /// Where the refresher puts the consolidated changes; empty: the program only
  /// asks how many there are.
  std::string staging;
  /// One for each column of `staging`.
  std::vector<std::int16_t> attnums;
  std::vector<column> columns;
};

/// The statements that keep one stream table.
///
/// `function_body` is the body of
///   function refresh(mode text, staged bigint[], changes bigint[]) returns
///   bigint[]
/// where `mode` is FILL, DIFFERENTIAL, FULL or CHECK (may the owner run the
/// query at all?), `staged` and `changes` count,
/// for each source, the consolidated and the captured changes, and the result
/// is rows inserted and rows deleted.
struct refresh_program {
  /// Changes with the shape of programs: an older one is compiled again.
  static constexpr int current_version = 1;

  std::vector<source_delta> sources;
  /// Temporary tables, created in each session that runs the program.
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
