#include "test/engine/restored_database.hpp"

#include "test/support/private_postgres.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>

namespace pgtrickle::test {

namespace {

const std::string binaries = "/usr/lib/postgresql/15/bin/";

private_postgres& elsewhere() {
  static private_postgres instance;
  return instance;
}

postgres::session open(const std::string& conninfo) {
  auto db = postgres::session::open(
    {.conninfo = conninfo, .application_name = "pgtrickle test"});
  if (!db)
    throw std::runtime_error(db.error().message);
  return std::move(*db);
}

} // namespace

restored_database::restored_database(const stream_database& original,
                                     const std::vector<std::string>& options) {
  load(original.conninfo(), options);
}

restored_database::restored_database(const restored_database& original) {
  load(original.conninfo());
}

void restored_database::load(const std::string& from,
                             const std::vector<std::string>& options) {
  static std::atomic<int> count{0};
  name_ = fmt::format("restored_{}", ++count);
  pqxx::connection server{elsewhere().conninfo()};
  // Oids of the first cluster are to mean something else in this one.
  pqxx::nontransaction{server}.exec("CREATE DATABASE " + name_);
  const private_directory dir;
  const auto dump = dir.path() / "dump";
  std::vector<std::string> command{binaries + "pg_dump", "--format=custom",
                                   "--file=" + dump.string(),
                                   "--dbname=" + from};
  command.insert(command.end(), options.begin(), options.end());
  run(command);
  run({binaries + "pg_restore", "--exit-on-error", "--dbname=" + conninfo(),
       dump.string()});
  db_ = open(conninfo());
  refresher_ = std::make_unique<engine::refresher_session>(open(conninfo()));
  user_ = std::make_unique<pqxx::connection>(conninfo());
}

restored_database::~restored_database() {
  user_.reset();
  refresher_.reset();
  db_.reset();
  pqxx::connection server{elsewhere().conninfo()};
  pqxx::nontransaction{server}.exec(
    fmt::format("DROP DATABASE {} WITH (FORCE)", name_));
}

std::string restored_database::conninfo() const {
  return elsewhere().conninfo(name_);
}

pqxx::result restored_database::sql(const std::string& statement) {
  pqxx::nontransaction tx{*user_};
  return tx.exec(statement);
}

bool restored_database::is_restored() {
  return sql("SELECT pgtrickle._is_restored()")[0][0].as<bool>();
}

engine::adoption_report restored_database::adopt() {
  auto report = engine::adopt_restored(*db_, {});
  REQUIRE_MESSAGE(report, report.error().message << report.error().detail);
  return *report;
}

std::vector<engine::refresh_outcome>
restored_database::try_refresh(const std::vector<stream_table_id>& ids) {
  auto outcomes = refresher_->run({ids, engine::initiator::scheduler}, {});
  REQUIRE_MESSAGE(outcomes, outcomes.error().message);
  return *outcomes;
}

std::vector<engine::refresh_outcome>
restored_database::refresh(const std::vector<stream_table_id>& ids) {
  auto outcomes = try_refresh(ids);
  for (const auto& outcome : outcomes)
    REQUIRE_MESSAGE(!outcome.error,
                    outcome.name << ": " << outcome.error->message);
  return outcomes;
}

std::int64_t restored_database::difference(const std::string& table,
                                           const std::string& query) {
  const auto rows = sql(fmt::format(
    "SELECT (SELECT count(*) FROM (SELECT * FROM {0} EXCEPT ALL ({1})) a) + "
    "(SELECT count(*) FROM (({1}) EXCEPT ALL SELECT * FROM {0}) b)",
    table, query));
  return rows[0][0].as<std::int64_t>();
}

} // namespace pgtrickle::test
