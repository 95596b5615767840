#include "services/observation/discovery.hpp"

#include "services/config/settings.hpp"

namespace pgtrickle::observation {

namespace {

constexpr auto every_database
  = "SELECT d.oid, d.datname, EXISTS ("
    " SELECT FROM pg_db_role_setting s, unnest(s.setconfig) AS c (entry)"
    "  WHERE s.setdatabase = d.oid AND s.setrole = 0"
    "  AND c.entry LIKE 'pg\\_trickle.enabled=%')"
    " FROM pg_database d WHERE d.datallowconn AND NOT d.datistemplate";

} // namespace

result<std::string> cluster_identity(postgres::session& db) {
  return db.exec("SELECT system_identifier FROM pg_control_system()")
    .map([](const pqxx::result& rows) { return rows[0][0].as<std::string>(); });
}

result<std::vector<database_row>> databases_of_cluster(postgres::session& db) {
  return db.exec(every_database).map([](const pqxx::result& rows) {
    std::vector<database_row> databases;
    for (const auto& row : rows)
      databases.push_back(
        {{row[0].as<oid>(), row[1].as<std::string>()}, row[2].as<bool>()});
    return databases;
  });
}

result<cluster_settings> settings_of_cluster(postgres::session& db) {
  return db
    .exec("SELECT name, current_setting(name, true) FROM unnest(ARRAY["
          "'pg_trickle.max_dynamic_refresh_workers',"
          "'pg_trickle.metrics_request_timeout_ms']) name")
    .map([](const pqxx::result& rows) {
      config::setting_texts set;
      for (const auto& row : rows)
        if (!row[1].is_null())
          set.emplace_back(row[0].as<std::string>(), row[1].as<std::string>());
      config::settings settings;
      // Out of range, it is as if it were not set.
      (void)config::read_settings(settings, set);
      return cluster_settings{
        static_cast<std::uint32_t>(settings.max_dynamic_refresh_workers),
        settings.metrics_request_timeout_ms};
    });
}

result<bool> has_extension(postgres::session& db) {
  return db
    .exec("SELECT EXISTS (SELECT FROM pg_extension"
          " WHERE extname = 'pg_trickle')")
    .map([](const pqxx::result& rows) { return rows[0][0].as<bool>(); });
}

} // namespace pgtrickle::observation
