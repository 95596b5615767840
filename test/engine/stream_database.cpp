#include "test/engine/stream_database.hpp"

#include "test/support/eventually.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <map>
#include <set>

namespace pgtrickle::test {

namespace {

/// One server for each kind of settings.
private_postgres& server_with(const std::string& settings) {
  static std::map<std::string, private_postgres> servers;
  return servers.try_emplace(settings, settings).first->second;
}

postgres::session open(const std::string& conninfo) {
  auto db = postgres::session::open(
    {.conninfo = conninfo, .application_name = "pgtrickle test"});
  if (!db)
    throw std::runtime_error(db.error().message);
  return std::move(*db);
}

/// A database with the extension, which others are copied from.
std::string with_extension(private_postgres& server) {
  static std::set<const private_postgres*> made;
  const std::string name = "engine_template";
  if (!made.insert(&server).second)
    return name;
  pqxx::connection db{server.conninfo()};
  pqxx::nontransaction{db}.exec("CREATE DATABASE " + name);
  pqxx::connection inside{server.conninfo(name)};
  pqxx::nontransaction{inside}.exec("CREATE EXTENSION pg_trickle");
  return name;
}

std::string new_database(private_postgres& server) {
  static std::atomic<int> count{0};
  const auto original = with_extension(server);
  const auto name = fmt::format("engine_{}", ++count);
  pqxx::connection db{server.conninfo()};
  pqxx::nontransaction{db}.exec(
    fmt::format("CREATE DATABASE {} TEMPLATE {}", name, original));
  return name;
}

} // namespace

stream_database::stream_database(const std::string& settings)
  : server_(server_with(settings)), name_(new_database(server_)),
    db_(open(conninfo())),
    refresher_(std::make_unique<engine::refresher_session>(open(conninfo()))),
    user_(std::make_unique<pqxx::connection>(conninfo())) {}

stream_database::~stream_database() {
  user_.reset();
  refresher_.reset();
  pqxx::connection db{server_.conninfo()};
  // A session that has many temporary tables takes its time to end, and
  // PostgreSQL waits 5 s for it.
  (void)eventually(60s, [&] {
    try {
      pqxx::nontransaction{db}.exec(
        fmt::format("DROP DATABASE {} WITH (FORCE)", name_));
      return true;
    } catch (const pqxx::sql_error&) {
      return false;
    }
  });
}

std::string stream_database::conninfo() const {
  return server_.conninfo(name_);
}

pqxx::result stream_database::sql(const std::string& statement) {
  pqxx::nontransaction tx{*user_};
  return tx.exec(statement);
}

result<stream_table_id> stream_database::try_create(const std::string& name,
                                                    const std::string& query,
                                                    const std::string& mode) {
  return engine::create_stream_table(
    db_, owner_, {.name = name, .query = query, .refresh_mode = mode}, {});
}

stream_table_id stream_database::create(const std::string& name,
                                        const std::string& query,
                                        const std::string& mode) {
  const auto id = try_create(name, query, mode);
  REQUIRE_MESSAGE(id, query << ": " << id.error().message);
  (void)refresh({*id});
  return *id;
}

std::vector<engine::refresh_outcome>
stream_database::refresh(const std::vector<stream_table_id>& ids) {
  auto outcomes = refresher_->run({ids, engine::initiator::scheduler}, {});
  REQUIRE_MESSAGE(outcomes, outcomes.error().message);
  for (const auto& outcome : *outcomes)
    REQUIRE_MESSAGE(!outcome.error,
                    outcome.name << ": " << outcome.error->message);
  return *outcomes;
}

void stream_database::set(const std::string& setting,
                          const std::string& value) {
  pqxx::nontransaction{refresher_->db().raw()}.exec(
    fmt::format("SET {} = {}", setting, value));
}

std::int64_t stream_database::difference(const std::string& table,
                                         const std::string& query) {
  const auto rows = sql(fmt::format(
    "SELECT (SELECT count(*) FROM (SELECT * FROM {0} EXCEPT ALL ({1})) a) + "
    "(SELECT count(*) FROM (({1}) EXCEPT ALL SELECT * FROM {0}) b)",
    table, query));
  return rows[0][0].as<std::int64_t>();
}

std::string stream_database::recomputed_parts(const std::string& query) {
  const auto checks = engine::validate_query(db_, owner_, query);
  REQUIRE_MESSAGE(checks, query << ": " << checks.error().message);
  for (const auto& check : nlohmann::json::parse(*checks))
    if (check.at("check_name") == "recomputed_subtrees")
      return check.at("result");
  return {};
}

} // namespace pgtrickle::test
