#pragma once

#include "services/engine/refresh.hpp"
#include "services/engine/registration.hpp"
#include "services/postgres/session.hpp"
#include "test/support/private_postgres.hpp"

#include <string>
#include <vector>

namespace pgtrickle::test {

/// A database with the extension, in the test program's own PostgreSQL, and
/// the engine over it: what a daemon would do, one call at a time.
class stream_database {
public:
  /// `settings` are lines of the server's postgresql.conf.
  explicit stream_database(const std::string& settings = {});
  ~stream_database();

  /// Runs SQL as an ordinary session would.
  pqxx::result sql(const std::string& statement);

  [[nodiscard]] result<stream_table_id>
  try_create(const std::string& name, const std::string& query,
             const std::string& mode = "DIFFERENTIAL");
  /// Creates and fills a stream table; fails the test if that fails.
  stream_table_id create(const std::string& name, const std::string& query,
                         const std::string& mode = "DIFFERENTIAL");

  /// Refreshes `ids` at one snapshot; fails the test if one of them fails.
  std::vector<engine::refresh_outcome>
  refresh(const std::vector<stream_table_id>& ids);

  /// Sets a setting for the refreshes.
  void set(const std::string& setting, const std::string& value);

  /// Rows that the stream table has too many or too few: 0 if it is right.
  [[nodiscard]] std::int64_t difference(const std::string& table,
                                        const std::string& query);

  /// What validate_query says that no operator covers.
  [[nodiscard]] std::string recomputed_parts(const std::string& query);

  [[nodiscard]] postgres::session& session() { return db_; }
  [[nodiscard]] engine::refresher_session& refresher() { return *refresher_; }
  [[nodiscard]] std::string conninfo() const;
  [[nodiscard]] const caller& owner() const { return owner_; }

private:
  private_postgres& server_;
  std::string name_;
  postgres::session db_;
  caller owner_{"postgres", "\"$user\", public"};
  std::unique_ptr<engine::refresher_session> refresher_;
  std::unique_ptr<pqxx::connection> user_;
};

} // namespace pgtrickle::test
