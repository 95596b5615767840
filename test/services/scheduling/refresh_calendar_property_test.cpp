#include "test/services/scheduling/calendar_support.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace pgtrickle;
using namespace pgtrickle::test;

namespace {

constexpr int table_count = 12;

oid random_base(std::mt19937& random) {
  return orders + static_cast<oid>(random() % 3);
}

/// Stream tables that read base tables and earlier stream tables.
std::vector<scheduled_table> random_tables(std::mt19937& random) {
  std::vector<scheduled_table> tables;
  for (int i = 1; i <= table_count; ++i) {
    std::vector<oid> sources{random_base(random)};
    for (int other = 1; other < i; ++other)
      if (random() % 5 == 0)
        sources.push_back(relation(stream_table_id{other}));
    const schedule when = random() % 3 == 0
                            ? schedule{calculated{}}
                            : schedule{interval{(random() % 21) * 1s}};
    tables.push_back(table(stream_table_id{i}, when, std::move(sources)));
  }
  return tables;
}

struct flight {
  refresh_calendar::batch batch;
  /// The version that each table will reflect.
  std::map<oid, int> seen;
};

/// Plays the scheduler, and remembers for each table which version of the
/// base tables its data reflect.
struct simulation {
  explicit simulation(unsigned seed) : random(seed) {
    for (const auto& t : tables)
      graph.set_sources(t.relid, t.sources);
    calendar.load(tables, at(0s));
  }

  void step() {
    if (random() % 3 == 0 && now < 60s) {
      const auto source = random_base(random);
      content[source] = ++versions;
      touch(calendar, source, at(now - 100ms));
    }
    for (auto& batch : calendar.take_due(at(now)))
      take_off(std::move(batch));
    if (!flying.empty() && random() % 2 == 0)
      land(random() % flying.size());
    now += 100ms;
  }

  /// A refresh sees what there is when it begins, and in its own batch what
  /// it wrote itself.
  void take_off(refresh_calendar::batch batch) {
    check_separate(batch);
    std::map<oid, int> seen;
    for (const auto id : batch) {
      auto& newest = seen[relation(id)];
      for (const auto source : graph.sources_of(relation(id)))
        newest = std::max(newest, seen.contains(source) ? seen[source]
                                                        : content[source]);
    }
    flying.push_back({std::move(batch), std::move(seen)});
  }

  void check_separate(const refresh_calendar::batch& batch) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto ancestors = graph.ancestors(relation(batch[i]));
      const auto descendants = graph.descendants(relation(batch[i]));
      for (const auto& [other, seen] : flying)
        for (const auto id : other) {
          CHECK(id != batch[i]);
          CHECK(!ancestors.contains(relation(id)));
          CHECK(!descendants.contains(relation(id)));
        }
      for (std::size_t j = i + 1; j < batch.size(); ++j)
        CHECK(!ancestors.contains(relation(batch[j])));
    }
  }

  void land(std::size_t which) {
    const auto [batch, seen] = flying[which];
    flying.erase(flying.begin() + static_cast<std::ptrdiff_t>(which));
    const auto fails = random() % 4 == 0 && now < 60s;
    for (const auto id : batch) {
      if (fails) {
        calendar.failed(id, at(now), 0.5);
        continue;
      }
      const auto newest = seen.at(relation(id));
      const auto changed
        = newest != std::exchange(content[relation(id)], newest);
      calendar.refreshed(id, at(now), changed, (random() % 300) * 1ms);
    }
  }

  bool is_fresh(const scheduled_table& t) {
    return std::all_of(t.sources.begin(), t.sources.end(), [&](oid source) {
      return content[source] <= content[t.relid];
    });
  }

  std::mt19937 random;
  std::vector<scheduled_table> tables = random_tables(random);
  dependency_graph graph;
  refresh_calendar calendar{
    {.calculated_interval = 5s, .retry = {1s, 4s, 0.0}}};
  std::chrono::nanoseconds now{0};
  int versions = 0;
  std::map<oid, int> content;
  std::vector<flight> flying;
};

} // namespace

TEST_CASE("whatever happens every table becomes fresh and then all is idle") {
  for (unsigned seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    simulation run{seed};
    while (run.now < 180s)
      run.step();
    for (const auto& t : run.tables) {
      CAPTURE(static_cast<int>(t.id));
      CHECK(run.is_fresh(t));
    }
    CHECK(run.flying.empty());
    CHECK(!run.calendar.next_due());
  }
}
