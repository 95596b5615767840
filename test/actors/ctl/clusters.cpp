#include "test/actors/ctl/clusters.hpp"

#include "test/support/contents.hpp"

#include <stdexcept>

namespace pgtrickle::test {

namespace {

std::string new_database() {
  static int count = 0;
  auto name = "stage_" + std::to_string(++count);
  for (auto* cluster : {&stage::source_cluster(), &stage::target_cluster()}) {
    session db(cluster->conninfo());
    must(db, "CREATE DATABASE " + name);
  }
  return name;
}

std::string rows_of(session& db, const std::string& table) {
  return db
    .run("SELECT count(*) || ' ' || coalesce(md5(string_agg((t.*)::text, '|'"
         " ORDER BY (t.*)::text COLLATE \"C\")), '') FROM "
         + table + " AS t")
    .value();
}

} // namespace

private_postgres& stage::source_cluster() {
  static private_postgres only;
  return only;
}

private_postgres& stage::target_cluster() {
  static private_postgres only;
  return only;
}

stage::stage(equipment at_target) : database_(new_database()) {
  return_to_databases();
  must(*source, contents(STAND_IN));
  if (at_target == equipment::stand_in)
    must(*target, contents(STAND_IN));
}

void stage::make_durable() {
  must(*source, "CHECKPOINT");
  must(*target, "CHECKPOINT");
}

void stage::return_to_databases() {
  source.emplace(source_cluster().conninfo(database_));
  target.emplace(target_cluster().conninfo(database_));
}

std::string stage::from() const { return source_cluster().conninfo(database_); }

std::string stage::to(const std::string& user) const {
  return target_cluster().conninfo(database_, user);
}

void stage::make_snapshot(const std::string& table, const std::string& query) {
  must(*source, "CREATE TABLE " + table + " AS " + query);
  const auto comment
    = source
        ->run("SELECT json_build_object('pgtrickle_snapshot', 1, 'row_count',"
              " count(*), 'content_hash', pgtrickle.content_hash(t.*),"
              " 'later', 'kept') FROM "
              + table + " AS t")
        .value();
  must(*source,
       "COMMENT ON TABLE " + table + " IS " + source->literal(comment));
}

std::string stage::rows_at_source(const std::string& table) {
  return rows_of(*source, table);
}

std::string stage::rows_at_target(const std::string& table) {
  return rows_of(*target, table);
}

bool stage::target_has(const std::string& table) {
  return target->run("SELECT to_regclass(" + target->literal(table) + ")")
           .value()
         != "(null)";
}

int stage::partial_copies() {
  return std::stoi(target
                     ->run("SELECT count(*) FROM pg_class"
                           " WHERE starts_with(relname, 'pgtrickle_partial_')")
                     .value());
}

bool stage::has_begun() {
  return target
           ->run("SELECT count(*) FROM pg_class"
                 " WHERE starts_with(relname, 'pgtrickle_partial_')"
                 " AND (obj_description(oid, 'pg_class')::json ->> 'rows')::int"
                 " > 0")
           .value()
         == "1";
}

int break_connections(session& db) {
  return std::stoi(
    db.run("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
           " WHERE application_name = 'pgtricklectl'"
           " AND datname = current_database()")
      .value());
}

} // namespace pgtrickle::test
