#include "bench/workbench.hpp"

#include "bench/measure.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <thread>

namespace pgtrickle::bench {

const std::string server_settings = R"(
fsync = on
synchronous_commit = on
full_page_writes = on
shared_buffers = 1GB
work_mem = 64MB
maintenance_work_mem = 256MB
max_wal_size = 8GB
checkpoint_timeout = 1h
random_page_cost = 1.1
jit = off
autovacuum = off
)";

const std::string careless_settings = server_settings + R"(
fsync = off
synchronous_commit = off
)";

namespace {

constexpr auto database = "bench";

postgres::session open(const std::string& conninfo) {
  return or_give_up(postgres::session::open(
    {.conninfo = conninfo, .application_name = "pgtrickle bench"}));
}

std::string with_database(const test::private_postgres& server) {
  auto db = open(server.conninfo());
  or_give_up(db.exec(fmt::format("CREATE DATABASE {}", database)));
  auto conninfo = server.conninfo(database);
  or_give_up(open(conninfo).exec("CREATE EXTENSION pg_trickle"));
  return conninfo;
}

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0)
      return line.substr(line.find(':') + 2);
  return "unknown processor";
}

} // namespace

void declare(CLI::App& app, server_options& wanted) {
  app.add_flag("--careless", wanted.careless,
               "commits do not wait for the disk");
  app.add_option("--plans", wanted.plans,
                 "file for the plans of slow statements of refreshes");
  app.add_option("--slow", wanted.slow_ms,
                 "milliseconds that make a statement slow (5)");
}

workbench::workbench(server_options wanted)
  : wanted_(std::move(wanted)),
    server_(wanted_.careless ? careless_settings : server_settings),
    user_(open(with_database(server_))), refresher_(open(conninfo())) {
  // What is recomputed is planned as the server's settings say.
  execute("SET search_path = public; RESET seq_page_cost; "
          "RESET random_page_cost; RESET effective_cache_size");
  if (!wanted_.plans.empty())
    log_plans();
}

workbench::~workbench() {
  if (!wanted_.plans.empty())
    std::ofstream(wanted_.plans) << server_.log();
}

void workbench::use_schema(const std::string& name) {
  execute(
    fmt::format("CREATE SCHEMA {0}; SET search_path = {0}, public", name));
  owner_.search_path = name + ", public";
}

std::string workbench::conninfo(const std::string& of_database) const {
  return server_.conninfo(of_database);
}

void workbench::execute(const std::string& statements) {
  or_give_up(user_.exec(statements));
}

std::string workbench::value(const std::string& query) {
  const auto rows = or_give_up(user_.exec(query));
  return rows.at(0).at(0).as<std::string>("");
}

std::int64_t workbench::number(const std::string& query) {
  return std::stoll(value(query));
}

result<stream_table_id> workbench::try_create(const std::string& name,
                                              const std::string& query,
                                              const std::string& mode) {
  auto created = engine::create_stream_table(
    user_, owner_, {.name = name, .query = query, .refresh_mode = mode}, {});
  if (!created)
    return created;
  for (const auto& outcome : refresh(std::vector{*created}))
    if (outcome.error)
      return tl::unexpected(*outcome.error);
  tables_[owner_.search_path + name] = *created;
  return created;
}

stream_table_id workbench::create(const std::string& name,
                                  const std::string& query,
                                  const std::string& mode) {
  return or_give_up(try_create(name, query, mode));
}

void workbench::drop(const std::string& stream_table) {
  or_give_up(engine::drop_stream_table(user_, owner_, stream_table, false, {}));
}

std::vector<engine::refresh_outcome>
workbench::refresh(const std::vector<stream_table_id>& tables) {
  return or_give_up(
    refresher_.run({.tables = tables, .by = engine::initiator::scheduler}, {}));
}

engine::refresh_outcome workbench::refresh(stream_table_id table) {
  auto outcome = std::move(refresh(std::vector{table}).at(0));
  if (outcome.error)
    give_up(outcome.name + ": " + outcome.error->message);
  return outcome;
}

void workbench::catch_up() { or_give_up(refresher_.db().exec("SELECT")); }

void workbench::settle() {
  or_give_up(engine::sweep_change_buffers(user_, {}));
  execute("VACUUM");
  for (const auto& [name, table] : tables_)
    (void)refresh(std::vector{table});
}

bool workbench::holds(const std::string& table, const std::string& query) {
  return number(fmt::format(
           "SELECT (SELECT count(*) FROM (SELECT * FROM {0} EXCEPT ALL ({1})) "
           "a) + (SELECT count(*) FROM (({1}) EXCEPT ALL SELECT * FROM {0}) b)",
           table, query))
         == 0;
}

std::string workbench::explained(const std::string& stream_table,
                                 const std::string& property) {
  const auto rows = nlohmann::json::parse(
    or_give_up(engine::explain_stream_table(user_, owner_, stream_table)));
  for (const auto& row : rows)
    if (row.at("property") == property)
      return row.at("value").get<std::string>();
  return {};
}

void workbench::log_plans() {
  or_give_up(refresher_.db().exec(fmt::format(
    "LOAD 'auto_explain'; SET auto_explain.log_min_duration = {}; "
    "SET auto_explain.log_analyze = on; SET auto_explain.log_timing = off; "
    "SET auto_explain.log_nested_statements = on",
    wanted_.slow_ms)));
}

std::string machine(workbench& db) {
  std::ifstream info("/proc/meminfo");
  std::string name;
  double kilobytes = 0;
  info >> name >> kilobytes;
  return fmt::format("{}, {} processors, {:.0f} GB of memory, PostgreSQL {}, "
                     "{}; commits {} for the disk",
                     processor(), std::thread::hardware_concurrency(),
                     kilobytes / 1048576, db.value("SHOW server_version"),
                     db.value("SELECT current_date"),
                     db.value("SHOW fsync") == "on" ? "wait" : "do not wait");
}

} // namespace pgtrickle::bench
