// Does anything grow in a day?
//
// A day's refreshes, compressed: writers change a few tables in turn, and after
// each change the stream tables over them are refreshed and, every so often,
// the buffers swept. Prints the size of catalogs, change buffers, `touched`,
// the refresh history and the stream tables, in kilobytes, at the start, at
// each tenth and at the end. The first tenth fills pages and statistics; from
// then on nothing but the history, which is kept for its retention, may grow.
//
// The PostgreSQL is the program's own, with autovacuum: compressed by so much
// that it must keep up with it.

#include "bench/measure.hpp"
#include "bench/workbench.hpp"
#include "services/engine/refresh.hpp"
#include "services/engine/registration.hpp"
#include "test/support/private_postgres.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <array>
#include <string>
#include <vector>

using namespace pgtrickle;

namespace {

constexpr int sources = 4;
constexpr int rows = 5000;
constexpr int refreshes_between_sweeps = 25;
constexpr int tenths = 10;

struct measured_size {
  std::string_view what;
  std::string_view bytes;
};

constexpr std::array sizes{
  measured_size{"pg_class", "pg_total_relation_size('pg_class')"},
  measured_size{"pg_attribute", "pg_total_relation_size('pg_attribute')"},
  measured_size{"pg_proc", "pg_total_relation_size('pg_proc')"},
  measured_size{"pg_statistic", "pg_total_relation_size('pg_statistic')"},
  measured_size{"pg_depend", "pg_total_relation_size('pg_depend')"},
  measured_size{"pg_type", "pg_total_relation_size('pg_type')"},
  measured_size{"buffers",
                "(SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
                "WHERE relkind = 'r' AND relname ~ '^changes_' AND "
                "relnamespace = 'pgtrickle_changes'::regnamespace)"},
  measured_size{"touched",
                "(SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
                "WHERE relkind = 'r' AND relname ~ '^touched' AND "
                "relnamespace = 'pgtrickle_changes'::regnamespace)"},
  measured_size{"stream tables",
                "(SELECT sum(pg_total_relation_size(pgt_relid)) FROM "
                "pgtrickle.pgt_stream_tables)"},
  measured_size{"arrangements",
                "(SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM "
                "pg_class WHERE relkind = 'r' AND "
                "relnamespace = 'pgtrickle_state'::regnamespace)"},
  measured_size{"pgt_stream_tables",
                "pg_total_relation_size('pgtrickle.pgt_stream_tables')"},
  measured_size{"history",
                "pg_total_relation_size('pgtrickle.pgt_refresh_history')"},
};

postgres::session open(const std::string& conninfo) {
  return bench::or_give_up(postgres::session::open({.conninfo = conninfo}));
}

class day {
public:
  day() {
    run("CREATE EXTENSION pg_trickle");
    for (int i = 0; i < sources; ++i)
      create(i);
  }

  /// The next change, and a refresh of what reads its table.
  void step() {
    const int source = step_ % sources;
    write(source, step_ / sources);
    const auto outcomes = bench::or_give_up(refresher_.run(
      {ids_.at(static_cast<std::size_t>(source)), engine::initiator::scheduler},
      {}));
    for (const auto& outcome : outcomes)
      if (outcome.error)
        bench::give_up(outcome.error->message);
    if (++step_ % refreshes_between_sweeps == 0)
      bench::or_give_up(engine::sweep_change_buffers(refresher_.db(), {}));
  }

  void print(std::string_view at) {
    std::string query;
    for (const auto& size : sizes)
      query += fmt::format("{}({} / 1024)::bigint",
                           query.empty() ? "SELECT " : ", ", size.bytes);
    const auto row = bench::or_give_up(db_.exec(query))[0];
    fmt::print("{:>8}", at);
    for (std::size_t i = 0; i < sizes.size(); ++i)
      fmt::print(" {:>{}}", row[static_cast<int>(i)].as<std::int64_t>(),
                 std::max<std::size_t>(sizes[i].what.size(), 6));
    fmt::print("\n");
    std::fflush(stdout);
  }

private:
  void run(const std::string& statement) {
    bench::or_give_up(db_.exec(statement));
  }

  void create(int i) {
    run(fmt::format("CREATE TABLE public.source_{0} (id int PRIMARY KEY, part "
                    "int NOT NULL, amount int NOT NULL, note text); ",
                    i));
    run(fmt::format(
      "INSERT INTO public.source_{} SELECT g, g % 50, g % 5000, 'note' "
      "FROM generate_series(1, {}) g",
      i, rows));
    auto& ids = ids_.emplace_back();
    const caller by{.role = "postgres", .search_path = "public"};
    for (const auto& [name, query] :
         {std::pair{fmt::format("totals_{}", i),
                    fmt::format("SELECT part, sum(amount) AS total, count(*) "
                                "AS n FROM source_{} GROUP BY part",
                                i)},
          std::pair{fmt::format("small_{}", i),
                    fmt::format("SELECT id, amount FROM source_{} WHERE amount "
                                "< 1000",
                                i)},
          std::pair{fmt::format("above_{}", i),
                    fmt::format("SELECT n, count(*) AS parts FROM totals_{} "
                                "GROUP BY n",
                                i)}})
      ids.push_back(bench::or_give_up(engine::create_stream_table(
        db_, by, {.name = name, .query = query, .refresh_mode = "DIFFERENTIAL"},
        {})));
    bench::or_give_up(refresher_.run({ids, engine::initiator::initial}, {}));
  }

  /// Rows come, change and go; as many stay as there were.
  void write(int source, int round) {
    const auto first = round * 20;
    run(
      fmt::format("INSERT INTO public.source_{} SELECT {} + g, g % 50, "
                  "(g * 251 + {}) % 5000, 'new' FROM generate_series(1, 20) g",
                  source, rows + first, round));
    run(fmt::format("DELETE FROM public.source_{} WHERE id <= {}", source,
                    first + 20));
    run(fmt::format("UPDATE public.source_{} SET amount = (amount * 7 + {}) % "
                    "5000 WHERE id % 100 = {}",
                    source, round % 11, round % 100));
  }

  test::private_postgres server_{
    bench::server_settings + "autovacuum = on\nautovacuum_naptime = 1s\n"};
  postgres::session db_{open(server_.conninfo())};
  engine::refresher_session refresher_{open(server_.conninfo())};
  std::vector<std::vector<stream_table_id>> ids_;
  int step_ = 0;
};

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"What a day of refreshes leaves behind."};
  int refreshes = 20000;
  app.add_option("--refreshes", refreshes, "how many, at least 10 (20000)")
    ->check(CLI::Range(tenths, 10000000));
  CLI11_PARSE(app, argc, argv);
  day today;
  fmt::print("{:>8}", "refresh");
  for (const auto& size : sizes)
    fmt::print(" {:>6}", size.what);
  fmt::print("\n");
  today.print("0");
  for (int tenth = 1; tenth <= tenths; ++tenth) {
    for (int i = 0; i < refreshes / tenths; ++i)
      today.step();
    today.print(std::to_string(tenth * (refreshes / tenths)));
  }
}
