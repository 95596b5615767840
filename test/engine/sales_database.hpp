#pragma once

#include "test/engine/stream_database.hpp"

#include <doctest/doctest.h>

#include <functional>

namespace pgtrickle::test {

inline const std::string by_item
  = "SELECT item, count(*) AS n, sum(amount) AS total FROM sale GROUP BY item";

/// A table of sales, a role `owner` that may keep IMMEDIATE stream tables over
/// some of its columns, and a role `writer`.
struct sales_database : stream_database {
  sales_database() {
    sql("DROP ROLE IF EXISTS owner, writer; CREATE ROLE owner; CREATE ROLE "
        "writer; CREATE SCHEMA AUTHORIZATION owner; "
        "CREATE TABLE sale (id int PRIMARY KEY, item text, amount int, secret "
        "text); "
        "INSERT INTO sale SELECT i, 'item' || i % 3, i, 'x' FROM "
        "generate_series(1, 20) i; "
        "GRANT SELECT (id, item, amount), TRIGGER ON sale TO owner; "
        "GRANT SELECT, INSERT, UPDATE, DELETE ON sale TO writer");
  }
  ~sales_database() {
    sql("RESET ALL; RESET ROLE; DROP OWNED BY owner, writer CASCADE; DROP ROLE "
        "owner, writer");
  }

  result<stream_table_id> by_owner(const std::string& query) {
    return engine::create_stream_table(
      session(), {"owner", "owner, public"},
      {.name = "kept", .query = query, .refresh_mode = "IMMEDIATE"}, {});
  }

  std::string state_of(const std::string& statement) {
    try {
      sql(statement);
    } catch (const pqxx::sql_error& e) {
      said = e.what();
      // libpqxx 6 leaves it out of those that it has a class for
      return e.sqlstate().empty() ? "42501" : e.sqlstate();
    }
    return "";
  }

  failure refused(const std::string& query) {
    CAPTURE(query);
    const auto id = try_create("kept", query, "IMMEDIATE");
    REQUIRE(!id);
    CHECK(!id.error().hint.empty());
    CHECK(left() == 0);
    return id.error();
  }

  /// Triggers, functions and tables of IMMEDIATE stream tables.
  int left() {
    return sql("SELECT (SELECT count(*) FROM pg_trigger WHERE tgname LIKE "
               "'pgt\\_immediate%') + (SELECT count(*) FROM pg_proc WHERE "
               "pronamespace = 'pgtrickle_state'::regnamespace) + (SELECT "
               "count(*) FROM pg_class WHERE relnamespace = "
               "'pgtrickle_state'::regnamespace) + (SELECT count(*) FROM "
               "pgtrickle.pgt_immediate_locks)")[0][0]
      .as<int>();
  }

  int buffers() {
    return sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'changes\\_%' "
               "AND relkind = 'r' AND relnamespace = "
               "'pgtrickle_changes'::regnamespace")[0][0]
      .as<int>();
  }

  result<stream_table_id>
  alter(const std::function<void(stream_table_change&)>& set) {
    stream_table_change change;
    change.name = "kept";
    set(change);
    return engine::alter_stream_table(session(), owner(), change, {});
  }

  std::string said;
};

} // namespace pgtrickle::test
