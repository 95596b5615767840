#include "test/engine/property/history_runner.hpp"

#include "services/query/sql_text.hpp"
#include "test/engine/property/stopwatch.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pgtrickle::test {

namespace {

const std::string schema = "\"a history\"";

/// Ends a history before its end.
struct stopped {
  verdict::kind is;
  std::string what;
};

[[noreturn]] void wrong(std::string what) {
  throw stopped{verdict::kind::wrong, std::move(what)};
}

postgres::session open(const std::string& conninfo) {
  auto db = postgres::session::open({.conninfo = conninfo});
  if (!db)
    throw std::runtime_error(db.error().message);
  return std::move(*db);
}

pqxx::result query(pqxx::connection& session, const std::string& sql) {
  return pqxx::nontransaction{session}.exec(sql);
}

/// The stream table's columns in a form that GROUP BY can compare, and as many
/// names for them.
std::pair<std::string, std::string> comparable(pqxx::connection& session,
                                               const std::string& table) {
  const auto row = query(
    session,
    fmt::format("SELECT string_agg(format('x.%I', attname) || CASE "
                "WHEN atttypid = 'json'::regtype THEN '::text' ELSE '' END, "
                "', ' ORDER BY attnum), "
                "string_agg('v' || attnum, ', ' ORDER BY attnum) "
                "FROM pg_attribute "
                "WHERE attrelid = {}::regclass AND attnum > 0",
                literal(table)))[0];
  return {row[0].as<std::string>(), row[1].as<std::string>()};
}

} // namespace

void history_runner::open_sessions() {
  users_.clear();
  for (int i = 0; i < 2; ++i) {
    users_.push_back(std::make_unique<pqxx::connection>(database_.conninfo()));
    // A row that the other session has locked is no reason to wait.
    query(*users_.back(),
          // Nor are a few rows a reason to compile.
          "SET client_min_messages = error; SET lock_timeout = '10ms'; "
          "SET jit = off; "
          "SET search_path = "
            + schema);
  }
  creator_ = std::make_unique<postgres::session>(open(database_.conninfo()));
}

verdict history_runner::run(const history& whole) {
  verdict result;
  try {
    set_up(whole);
    create(whole);
    for (const auto& s : whole.steps)
      std::visit(
        [&](const auto& step) {
          if constexpr (std::is_same_v<std::decay_t<decltype(step)>,
                                       refresh_step>)
            perform(step, whole);
          else
            perform(step);
        },
        s);
  } catch (const stopped& end) {
    result = {end.is, end.what};
  }
  tear_down();
  if (result.is == verdict::kind::right) {
    try {
      check_nothing_is_left();
    } catch (const stopped& end) {
      result = {end.is, end.what};
    }
  }
  return result;
}

void history_runner::set_up(const history& whole) {
  const stopwatch watch{spent_["tables"]};
  // What a session remembers of dropped tables lives as long as the session,
  // and each DDL statement of anybody's has it looked through; a new session
  // has to plan anew what all histories have in common.
  if (runs_ % 50 == 0)
    open_sessions();
  if (runs_++ % 10 == 0)
    refresher_
      = std::make_unique<engine::refresher_session>(open(database_.conninfo()));
  truncated_ = false;
  ids_.clear();
  query(*users_[0], "CREATE SCHEMA " + schema);
  for (const auto& statement : whole.setup)
    execute(*users_[0], statement);
}

void history_runner::tear_down() {
  const stopwatch watch{spent_["clearing up"]};
  for (auto& user : users_)
    query(*user, "ROLLBACK");
  for (const auto& row :
       query(*users_[0], "SELECT plan_shape FROM pgtrickle.pgt_stream_tables "
                         "WHERE plan_shape IS NOT NULL"))
    covered_.add(row[0].as<std::string>());
  query(*users_[0], "DROP SCHEMA IF EXISTS " + schema + " CASCADE");
}

void history_runner::check_nothing_is_left() {
  for (const auto& row : query(
         *users_[0],
         "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'i') AND "
         "relname !~ '^touched' "
         "AND relnamespace IN ('pgtrickle_changes'::regnamespace, "
         "'pgtrickle_state'::regnamespace) "
         "UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace IN "
         "('pgtrickle_changes'::regnamespace, 'pgtrickle_state'::regnamespace) "
         "UNION ALL SELECT pgt_name FROM pgtrickle.pgt_stream_tables "
         "UNION ALL SELECT 'touched ' || source FROM "
         "pgtrickle_changes.touched"))
    wrong("left behind: " + row[0].as<std::string>());
}

bool history_runner::is_valid(const defined_table& table) {
  const stopwatch watch{spent_["asking PostgreSQL"]};
  try {
    query(*users_[0], to_sql(table.query));
    // PostgreSQL can't read back its own form of a few queries (ORDER BY a
    // negative constant): no view over them survives a dump either.
    query(
      *users_[0],
      "DO "
        + literal(
          "BEGIN CREATE TEMP VIEW canonical AS " + to_sql(table.query)
          + "; EXECUTE 'EXPLAIN ' || pg_get_viewdef('canonical'::regclass); "
            "DROP VIEW canonical; END"));
    return true;
  } catch (const pqxx::sql_error&) {
    return false;
  }
}

void history_runner::create(const history& whole) {
  for (const auto& table : whole.stream_tables) {
    if (counting_)
      count(table);
    const stopwatch watch{spent_["creating"]};
    const auto id
      = engine::create_stream_table(*creator_, {"postgres", schema},
                                    {.name = table.name,
                                     .query = to_sql(table.query),
                                     .refresh_mode = "DIFFERENTIAL"},
                                    {});
    // PostgreSQL is asked for its opinion only where that matters.
    if (!id && !is_valid(table))
      throw stopped{verdict::kind::invalid, to_sql(table.query)};
    if (!id)
      wrong(table.name + " is not created: " + id.error().message + " "
            + id.error().detail);
    ids_.push_back(*id);
    const auto outcomes
      = refresher_->run({{*id}, engine::initiator::initial}, {});
    const bool failed = !outcomes || outcomes->at(0).error;
    if (failed && !is_valid(table))
      throw stopped{verdict::kind::invalid, to_sql(table.query)};
    if (failed)
      wrong(table.name + " is not filled: "
            + (outcomes ? outcomes->at(0).error->message
                        : outcomes.error().message));
    check(table);
  }
}

void history_runner::count(const defined_table& table) {
  const auto rows = engine::validate_query(*creator_, {"postgres", schema},
                                           to_sql(table.query));
  ++recomputed_["(stream tables)"];
  if (!rows)
    return;
  for (const auto& row : nlohmann::json::parse(*rows))
    if (row.at("check_name") == "recomputed_subtrees")
      ++recomputed_[row.at("result").get<std::string>()];
}

void history_runner::execute(pqxx::connection& session,
                             const std::string& sql) {
  try {
    query(session, sql);
  } catch (const pqxx::sql_error&) {
    // A lock, a duplicate key: the transaction is lost, as anybody's may be.
  }
}

void history_runner::perform(const statements& s) {
  for (const auto& statement : s.sql) {
    truncated_ = truncated_ || statement.starts_with("TRUNCATE");
    execute(*users_[s.session], statement);
  }
}

void history_runner::perform(const refresh_step& s, const history& whole) {
  std::vector<stream_table_id> ids;
  for (auto i : s.tables)
    ids.push_back(ids_[i]);
  if (ids.empty())
    return;
  const auto outcomes = [&] {
    const stopwatch watch{spent_["refreshing"]};
    return refresher_->run({ids, engine::initiator::scheduler}, {});
  }();
  if (!outcomes)
    wrong("refresh: " + outcomes.error().message + " "
          + outcomes.error().detail);
  for (const auto& outcome : *outcomes) {
    if (outcome.error) {
      // An error that the query itself gives by now is right.
      for (auto i : s.tables)
        if (!is_valid(whole.stream_tables[i]))
          throw stopped{verdict::kind::right, "an error"};
      wrong(outcome.name + ": " + outcome.error->message + " "
            + outcome.error->detail);
    }
    const bool allowed
      = outcome.action == "DIFFERENTIAL" || outcome.action == "NO_DATA"
        || (truncated_ && outcome.reason == "a source was truncated");
    if (!allowed)
      wrong(fmt::format("{}: {} ({})", outcome.name, outcome.action,
                        outcome.reason));
  }
  for (auto i : s.tables)
    check(whole.stream_tables[i]);
}

void history_runner::perform(const sweep_step&) {
  if (const auto swept = engine::sweep_change_buffers(refresher_->db(), {},
                                                      {.worth_emptying = 0});
      !swept)
    wrong("sweep: " + swept.error().message);
}

void history_runner::check(const defined_table& table) {
  const stopwatch watch{spent_["comparing"]};
  try {
    const auto [columns, names] = comparable(*users_[0], table.name);
    const auto rows = query(
      *users_[0],
      fmt::format(
        "SELECT CASE WHEN sum(copies) > 0 THEN 'too much' ELSE 'missing' END, "
        "{1} FROM (SELECT {0}, 1 FROM {2} x UNION ALL SELECT {0}, -1 FROM "
        "({3}) "
        "x) AS x ({1}, copies) GROUP BY {1} HAVING sum(copies) <> 0",
        columns, names, table.name, to_sql(table.query)));
    if (rows.empty())
      return;
    std::string what = table.name + " is wrong:";
    for (const auto& row : rows)
      for (const auto& field : row)
        what += (field.num() == 0 ? "\n  " : " | ")
                + std::string{field.is_null() ? "NULL" : field.c_str()};
    wrong(std::move(what));
  } catch (const pqxx::sql_error& error) {
    throw stopped{verdict::kind::right, error.what()};
  }
}

history shrunk(history_runner& runner, history whole) {
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (auto& candidate : simpler(whole))
      if (runner.run(candidate).is == verdict::kind::wrong) {
        whole = std::move(candidate);
        smaller = true;
        break;
      }
  }
  return whole;
}

} // namespace pgtrickle::test
