#include "test/cluster/fleet.hpp"

#include "services/coordination/placement.hpp"

#include <stdexcept>

namespace pgtrickle::test {

namespace {

void require(bool condition, const std::string& what) {
  if (!condition)
    throw std::runtime_error(what);
}

node_presence present(const std::string& name) {
  node_presence node;
  node.node = name;
  return node;
}

} // namespace

wired_daemon::wired_daemon(const private_postgres& postgres,
                           const private_nats& nats, const std::string& named,
                           const std::vector<std::string>& options)
  : name(named), to_postgres(postgres.port()), to_nats(nats.port()),
    process("host=127.0.0.1 user=postgres dbname=postgres port="
              + std::to_string(to_postgres.port()),
            "nats://127.0.0.1:" + std::to_string(to_nats.port()), named, [&] {
              auto all = options;
              all.push_back("--lease=" + std::to_string(lease / 1s));
              return all;
            }()) {}

fleet::fleet(int databases, const std::string& postgres_settings)
  : postgres(postgres_settings) {
  for (int i = 1; i <= databases; ++i) {
    databases_.push_back("d" + std::to_string(i));
    create(databases_.back());
  }
}

void fleet::create(const std::string& database) const {
  auto db = connect("postgres");
  must(db, "CREATE DATABASE " + database);
  must(db, "ALTER DATABASE " + database + " SET pg_trickle.nats_url = '"
             + nats.url() + "'");
  auto inside = connect(database);
  must(inside, "CREATE EXTENSION pg_trickle; CREATE TABLE base (a int)");
}

wired_daemon& fleet::start(const std::string& name,
                           const std::vector<std::string>& options) {
  auto& node = *nodes_
                  .insert_or_assign(name, std::make_unique<wired_daemon>(
                                            postgres, nats, name, options))
                  .first->second;
  node.process.start();
  // The first one that comes makes the stream tables.
  if (nodes_.size() == 1 && options.empty())
    for (const auto& database : databases_) {
      require(eventually(20s, [&] { return is_served_by(database, name); }),
              "database " + database + " is not served: " + logs());
      auto db = connect(database);
      must(db, "SELECT pgtrickle.create_stream_table_if_not_exists('copy',"
               " 'SELECT a FROM public.base', '1s', 'DIFFERENTIAL')");
    }
  return node;
}

wired_daemon& fleet::node(const std::string& name) { return *nodes_.at(name); }

void fleet::settle() const {
  std::vector<node_presence> all;
  for (const auto& [name, node] : nodes_)
    all.push_back(present(name));
  for (const auto& database : databases_) {
    const auto owner = ranking(all, oid_of(database)).front();
    require(eventually(20s,
                       [&] {
                         return owner_of(database) == owner
                                && is_served_by(database, owner);
                       }),
            database + " does not come to " + owner + ": " + logs());
  }
}

session fleet::connect(const std::string& database,
                       const std::string& user) const {
  session db(postgres.conninfo(database, user));
  must(db, "SET statement_timeout = '60s'");
  return db;
}

std::uint32_t fleet::oid_of(const std::string& database) const {
  return static_cast<std::uint32_t>(std::stoul(
    connect(database)
      .run("SELECT oid FROM pg_database WHERE datname = current_database()")
      .value()));
}

std::string fleet::owner_of(const std::string& database) const {
  return connect(database).run("SELECT node FROM pgtrickle.pgt_owner").value();
}

std::int64_t fleet::epoch_of(const std::string& database) const {
  return std::stoll(
    connect(database).run("SELECT epoch FROM pgtrickle.pgt_owner").value());
}

bool fleet::is_served_by(const std::string& database,
                         const std::string& node) const {
  auto db = connect(database);
  return db.run("SELECT pgtrickle._relay('ping', '{}') ->> 'node'").value()
           == node
         && db.run("SELECT pgtrickle.validate_query('SELECT 1')")
              .sqlstate.empty();
}

bool fleet::follows(const std::string& database,
                    std::chrono::milliseconds limit) const {
  auto db = connect(database);
  must(db, "INSERT INTO base SELECT 1 + count(*) FROM base");
  return eventually(limit, [&] {
    return db.run("SELECT (SELECT array_agg(a ORDER BY a) FROM base)"
                  " IS NOT DISTINCT FROM"
                  " (SELECT array_agg(a ORDER BY a) FROM copy)")
             .value()
           == "t";
  });
}

bool fleet::consumed_all_once(const std::string& database) const {
  return connect(database)
           .run("SELECT sum(rows_inserted) = (SELECT count(*) FROM base)"
                " FROM pgtrickle.pgt_refresh_history"
                " WHERE status = 'COMPLETED'")
           .value()
         == "t";
}

std::string fleet::logs() const {
  std::string all;
  for (const auto& [name, node] : nodes_)
    all += "--- " + name + "\n" + node->process.log();
  return all;
}

pair_of_daemons::pair_of_daemons() : fleet(1) {
  start("a");
  start("b");
  settle();
  require(follows("d1", 10s), "nothing is refreshed: " + logs());
  owner = owner_of("d1");
  other = owner == "a" ? "b" : "a";
}

std::string better_than(const std::vector<std::string>& others,
                        std::uint32_t database) {
  std::vector<node_presence> nodes;
  for (const auto& other : others)
    nodes.push_back(present(other));
  for (int i = 0;; ++i) {
    auto all = nodes;
    all.push_back(present("better" + std::to_string(i)));
    if (ranking(all, database).front() == all.back().node)
      return all.back().node;
  }
}

} // namespace pgtrickle::test
