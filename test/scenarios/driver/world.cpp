#include "test/scenarios/driver/world.hpp"

#include "test/scenarios/driver/user_actions.hpp"
#include "test/support/eventually.hpp"

#include <algorithm>
#include <csignal>
#include <stdexcept>

namespace pgtrickle::test::driver {

namespace {

const std::string user = "alice";

} // namespace

world::world(extent size, journal& notes)
  : size_(std::move(size)), notes_(notes) {
  auto first = connect("postgres");
  must(first, "CREATE ROLE " + user + " LOGIN");
  for (const auto& name : size_.databases)
    create_database(name);
  for (int i = 0; i < size_.nodes; ++i) {
    nodes_.push_back({std::make_unique<private_daemon>(
      postgres_.conninfo(), nats_.url(), "node" + std::to_string(i))});
    start(nodes_.back());
  }
  for (const auto& name : size_.databases)
    if (!eventually(30s, [&] {
          return connect(name)
            .run("SELECT pgtrickle.validate_query('SELECT 1')")
            .sqlstate.empty();
        }))
      throw std::runtime_error("no daemon serves database " + name);
  for (int i = 0; i < size_.clients; ++i)
    clients_.push_back(std::make_unique<client>(
      [this](const std::string& database) {
        return postgres_.conninfo(database, user);
      },
      notes_));
}

session world::connect(const std::string& database) const {
  session db{postgres_.conninfo(database)};
  must(db, "SET statement_timeout = '60s'");
  return db;
}

void world::create_database(const std::string& name) const {
  auto first = connect("postgres");
  must(first, "CREATE DATABASE " + name + " OWNER " + user);
  must(first, "ALTER DATABASE " + name + " SET pg_trickle.nats_url = '"
                + nats_.url() + "'");
  auto db = connect(name);
  must(db, "CREATE EXTENSION pg_trickle; GRANT ALL ON SCHEMA public TO " + user
             + "; SET ROLE " + user);
  for (const auto& statement : repair_of_sources())
    db.run(statement);
}

void world::start(node& one) {
  one.started_at = std::chrono::system_clock::now();
  one.paused = false;
  one.daemon->start();
}

std::chrono::system_clock::time_point world::oldest_start() const {
  return std::min_element(nodes_.begin(), nodes_.end(),
                          [](const node& a, const node& b) {
                            return a.started_at < b.started_at;
                          })
    ->started_at;
}

std::string world::daemon_logs() const {
  std::string all;
  for (const auto& one : nodes_)
    all += one.daemon->log();
  return all;
}

void world::perform(int number, const action& step) {
  if (step.what == fault::none) {
    clients_.at(static_cast<std::size_t>(step.client))->give(number, step);
    return;
  }
  notes_.note("#" + std::to_string(number) + " " + step.text());
  concern(step.what, nodes_.at(static_cast<std::size_t>(step.node)));
}

void world::concern(fault what, node& one) {
  const auto runs = one.daemon->running();
  switch (what) {
    case fault::kill_daemon:
      if (runs)
        one.daemon->kill();
      return;
    case fault::end_daemon:
      if (runs && !one.paused && one.daemon->stop() != 0)
        notes_.violation("the daemon ended with another status than 0");
      return;
    case fault::start_daemon:
      if (!runs)
        start(one);
      return;
    case fault::pause_daemon:
    case fault::go_on_daemon:
      if (runs)
        one.daemon->signal(what == fault::pause_daemon ? SIGSTOP : SIGCONT);
      one.paused = runs && what == fault::pause_daemon;
      return;
    case fault::terminate_backends:
      return terminate_backends();
    case fault::restart_postgres:
      return restart_postgres();
    case fault::stop_nats:
      nats_.stop();
      nats_runs_ = false;
      return;
    case fault::start_nats:
      if (!nats_runs_)
        nats_.start();
      nats_runs_ = true;
      return;
    case fault::none:
      return;
  }
}

void world::terminate_backends() {
  connect("postgres")
    .run("SELECT pg_terminate_backend(pid) FROM "
         "pg_stat_activity WHERE application_name LIKE "
         "'pgtrickle %'");
}

void world::restart_postgres() {
  postgres_.stop(stop_mode::immediate);
  postgres_.start();
  for (const auto& name : size_.databases)
    for (const auto& row : connect(name)
                             .run("SELECT oid FROM pg_class WHERE "
                                  "relpersistence = 't'")
                             .rows)
      left_by_a_crash_.insert(name + "." + row[0]);
}

void world::end_prepared_transactions() {
  for (const auto& name : size_.databases) {
    auto db = connect(name);
    for (const auto& row : db.run("SELECT gid FROM pg_prepared_xacts WHERE "
                                  "database = current_database()")
                             .rows)
      db.run("COMMIT PREPARED " + db.literal(row[0]));
  }
}

void world::calm_down() {
  for (auto& one : clients_)
    one->finish();
  end_prepared_transactions();
  if (!nats_runs_)
    nats_.start();
  nats_runs_ = true;
  for (auto& one : nodes_) {
    if (one.paused)
      one.daemon->signal(SIGCONT);
    one.paused = false;
    if (!one.daemon->running())
      start(one);
  }
  for (const auto& name : size_.databases) {
    auto db = connect(name);
    must(db, "SET ROLE " + user);
    for (const auto& statement : repair_of_sources())
      db.run(statement);
  }
  notes_.note("all is quiet");
}

} // namespace pgtrickle::test::driver
