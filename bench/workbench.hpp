#pragma once

#include "services/engine/refresh.hpp"
#include "services/engine/registration.hpp"
#include "services/postgres/session.hpp"
#include "test/support/private_postgres.hpp"

#include <CLI/CLI.hpp>

#include <map>
#include <string>
#include <vector>

namespace pgtrickle::bench {

/// Settings of a server that somebody has tuned: as durable as ever, with
/// memory and costs for data that fits into it. Autovacuum is off: it would run
/// through some of the runs and not through others (see `settle`).
extern const std::string server_settings;

/// The same without waiting for the disk: shows what the work costs where the
/// disk is slow.
extern const std::string careless_settings;

/// What every program can be told of its server.
struct server_options {
  bool careless = false;
  /// Not empty: a file for the plans, as they ran, of every statement of a
  /// refresh that takes longer than `slow_ms`.
  std::string plans;
  int slow_ms = 5;
};

/// Adds --careless, --plans and --slow to a program's command line.
void declare(CLI::App& app, server_options& wanted);

/// A database with the extension in a PostgreSQL of the program's own, and the
/// engine over it without a daemon. What goes wrong ends the program.
class workbench {
public:
  explicit workbench(server_options wanted);
  workbench(const workbench&) = delete;
  workbench& operator=(const workbench&) = delete;
  /// Writes the plans.
  ~workbench();

  /// Creates a schema; what follows means the tables in it.
  void use_schema(const std::string& name);

  /// Runs statements as an ordinary session would.
  void execute(const std::string& statements);
  /// The first column of the first row; "" if it is null.
  std::string value(const std::string& query);
  std::int64_t number(const std::string& query);

  /// Creates a stream table and fills it.
  stream_table_id create(const std::string& name, const std::string& query,
                         const std::string& mode);
  /// As `create`; returns what goes wrong.
  result<stream_table_id> try_create(const std::string& name,
                                     const std::string& query,
                                     const std::string& mode);
  void drop(const std::string& stream_table);

  /// Refreshes at one snapshot, upstream first; returns what became of each.
  std::vector<engine::refresh_outcome>
  refresh(const std::vector<stream_table_id>& tables);
  /// Refreshes one table; ends the program if that fails.
  engine::refresh_outcome refresh(stream_table_id table);

  /// Lets the refreshing session take in what DDL elsewhere has made void in
  /// its caches (REFRESH MATERIALIZED VIEW makes a new table each time), so
  /// that no refresh is charged with it.
  void catch_up();

  /// What a daemon and autovacuum do between refreshes: consumed changes are
  /// deleted, dead rows reclaimed. Then everything is refreshed once, so that
  /// no measured refresh is the one that meets emptied caches.
  void settle();

  /// Whether the stream table holds what `query` returns, row for row.
  [[nodiscard]] bool holds(const std::string& table, const std::string& query);

  /// Properties that explain_st shows, for example "recomputed_subtrees"; ""
  /// if it does not show that one.
  [[nodiscard]] std::string explained(const std::string& stream_table,
                                      const std::string& property);

  /// The session and the role of the user.
  [[nodiscard]] postgres::session& session() { return user_; }
  [[nodiscard]] const caller& owner() const { return owner_; }

  [[nodiscard]] std::string conninfo(const std::string& of_database
                                     = "bench") const;

private:
  void log_plans();

  server_options wanted_;
  test::private_postgres server_;
  postgres::session user_;
  engine::refresher_session refresher_;
  /// By search_path and name.
  std::map<std::string, stream_table_id> tables_;
  caller owner_{"postgres", "public"};
};

/// The machine, PostgreSQL's version, the date, and whether commits wait for
/// the disk, on one line.
[[nodiscard]] std::string machine(workbench& db);

} // namespace pgtrickle::bench
