#pragma once

#include "test/support/eventually.hpp"
#include "test/support/private_daemon.hpp"
#include "test/support/private_nats.hpp"
#include "test/support/private_postgres.hpp"
#include "test/support/session.hpp"

namespace pgtrickle::test {

/// What a user has installed: PostgreSQL, NATS and a daemon; one for the whole
/// program. Database `app` has the extension; the roles alice and bob may log
/// in and create schemas there.
struct installation {
  installation();

  private_postgres postgres;
  private_nats nats;
  private_daemon daemon{postgres.conninfo(), nats.url(), "first"};

  [[nodiscard]] session connect(const std::string& user = "postgres",
                                const std::string& database = "app") const;

  /// Creates a database with the extension and waits until it is served.
  void create_database(const std::string& name) const;

  /// Whether the daemon carries out calls from `database`: `ping` is answered
  /// also while it has lost its connection.
  [[nodiscard]] bool serves(const std::string& database = "app") const;

  /// Brings back what a scenario has stopped.
  void repair();
};

installation& the_installation();

/// One test's own schema, of the role alice, gone with the object.
class scenario {
public:
  scenario();
  scenario(const scenario&) = delete;
  scenario& operator=(const scenario&) = delete;
  ~scenario();

  /// A session of `user` with this scenario's search_path.
  [[nodiscard]] session connect(const std::string& user = "alice") const;

  installation& all = the_installation();
  std::string schema;
  session admin;
  session db;
};

/// Whether a stream table holds what its defining query returns, row for row.
[[nodiscard]] bool holds(session& admin, const std::string& stream_table);

/// Whether it comes to hold that within `limit`.
[[nodiscard]] bool comes_true(session& admin, const std::string& stream_table,
                              std::chrono::milliseconds limit = 10s);

} // namespace pgtrickle::test
