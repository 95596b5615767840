#pragma once

#include "test/support/ctl_process.hpp"
#include "test/support/eventually.hpp"
#include "test/support/private_directory.hpp"
#include "test/support/private_postgres.hpp"
#include "test/support/session.hpp"

#include <optional>
#include <string>

namespace pgtrickle::test {

/// What a database has of the extension.
enum class equipment : std::uint8_t { stand_in, nothing };

/// Two clusters, one for the whole program, and in each a database of this
/// stage's own.
class stage {
public:
  explicit stage(equipment at_target = equipment::stand_in);

  static private_postgres& source_cluster();
  static private_postgres& target_cluster();

  /// How pgtricklectl reaches the databases.
  [[nodiscard]] std::string from() const;
  [[nodiscard]] std::string to(const std::string& user = "postgres") const;

  /// Makes a snapshot at the source, as the daemon would.
  void make_snapshot(const std::string& table, const std::string& query);

  /// The rows of a table, in a form that depends on nothing but them.
  [[nodiscard]] std::string rows_at_source(const std::string& table);
  [[nodiscard]] std::string rows_at_target(const std::string& table);

  /// Whether a table is there.
  [[nodiscard]] bool target_has(const std::string& table);
  /// How many tables there are whose copying was not finished.
  [[nodiscard]] int partial_copies();
  /// Whether the target keeps some piece of an unfinished copy.
  [[nodiscard]] bool has_begun();

  /// What is there survives a crash: commits don't wait for the disk.
  void make_durable();

  /// Connects again, after a crash.
  void return_to_databases();

private:
  std::string database_;

public:
  std::optional<session> source;
  std::optional<session> target;
};

/// Ends the server's side of pgtricklectl's connections; returns how many.
int break_connections(session& db);

/// A snapshot that takes a while to copy block by block.
inline constexpr auto many_rows
  = "SELECT i, md5(i::text) AS t FROM generate_series(1, 150000) AS i";

} // namespace pgtrickle::test
