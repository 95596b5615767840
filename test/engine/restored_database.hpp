#pragma once

#include "services/engine/adoption.hpp"
#include "test/engine/stream_database.hpp"

namespace pgtrickle::test {

/// A database in another PostgreSQL cluster, loaded from a dump of the first,
/// and the engine over it.
class restored_database {
public:
  /// Dumps and loads with pg_dump, which gets `options`, and pg_restore.
  explicit restored_database(const stream_database& original,
                             const std::vector<std::string>& options = {});
  explicit restored_database(const restored_database& original);
  restored_database& operator=(const restored_database&) = delete;
  ~restored_database();

  /// Runs SQL as an ordinary session would.
  pqxx::result sql(const std::string& statement);

  [[nodiscard]] bool is_restored();
  /// As a daemon does; fails the test if that fails.
  engine::adoption_report adopt();

  std::vector<engine::refresh_outcome>
  try_refresh(const std::vector<stream_table_id>& ids);
  /// Fails the test if one of them fails.
  std::vector<engine::refresh_outcome>
  refresh(const std::vector<stream_table_id>& ids);

  /// Rows that the stream table has too many or too few: 0 if it is right.
  [[nodiscard]] std::int64_t difference(const std::string& table,
                                        const std::string& query);

  [[nodiscard]] std::string conninfo() const;
  [[nodiscard]] postgres::session& session() { return *db_; }

private:
  void load(const std::string& from,
            const std::vector<std::string>& options = {});

  std::string name_;
  std::optional<postgres::session> db_;
  std::unique_ptr<engine::refresher_session> refresher_;
  std::unique_ptr<pqxx::connection> user_;
};

} // namespace pgtrickle::test
