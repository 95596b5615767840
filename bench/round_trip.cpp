// What does a relayed call cost that does nothing?
//
// From a client's kept connection through the extension and NATS to the daemon
// and back.

#include "bench/measure.hpp"

#include <pqxx/pqxx>

int main() {
  constexpr int warm_up = 50;
  constexpr int runs = 500;
  constexpr double bar_ms = 5;
  try {
    // libpq reads PGHOST, PGPORT, PGUSER and PGDATABASE.
    pqxx::connection db;
    pqxx::nontransaction session{db};
    const auto ping = [&] { session.exec("SELECT pgtrickle.ping()"); };
    pgtrickle::bench::median_ms(
      warm_up, [] {}, ping);
    const auto ms = pgtrickle::bench::median_ms(
      runs, [] {}, ping);
    pgtrickle::bench::report("relayed call that does nothing", runs, ms,
                             "at most", bar_ms);
  } catch (const std::exception& e) {
    pgtrickle::bench::give_up(e.what());
  }
}
