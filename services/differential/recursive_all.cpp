// Δμ(Q), UNION ALL: ΔR = N + S(N) + S(S(N)) …
//
// N is the change of the base, and of what the step S makes of the old result
// R. S is linear, over the current sources, so it takes changes as it takes
// rows; those of one round that cancel go no further.

#include "services/differential/apply.hpp"
#include "services/differential/recursion_rounds.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

/// The rows of `changes`, consolidated, each as often as its weight says: the
/// columns, the sign and the number of the round.
std::string copies(const std::string& changes, const plan& self,
                   const std::string& round) {
  return fmt::format("SELECT {}, sign(d.__weight), {} FROM {} d, "
                     "generate_series(1, abs(d.__weight))",
                     column_list("d", self.columns.size()), round,
                     consolidated(changes, self.columns));
}

} // namespace

delta differentiate_all(const recursive& node, const plan& self,
                        program_builder& program) {
  const auto names = column_names(self.columns.size());
  const locator where{self.columns, {}};
  recursion_rounds rounds{node, self, program};
  rounds.create_arrangement(where, {});
  program.add_fill(fmt::format("INSERT INTO {} SELECT * FROM {} q",
                               rounds.arrangement(), current(self)));
  const auto seed = rounds.seed();
  const auto wave = rounds.add_table("wave", {{"__weight", "bigint"}});
  const auto changes
    = program.add_staged("changes", delta_definitions(self.columns));
  const auto added = program.add_text();
  const auto taken = program.add_text();
  const auto stage = [&](const std::string& rows) {
    program.run_once(fmt::format("INSERT INTO {} {}", wave.name,
                                 copies(rows, self, rounds.round_mark())),
                     wave.count);
  };

  program.begin_if(any_rows(seed.counts));
  rounds.next_round();
  stage(seed.relation);
  rounds.begin_rounds();
  rounds.set_last(added, wave, " AND __weight > 0");
  rounds.set_last(taken, wave, " AND __weight < 0");
  rounds.next_round();
  const auto from = [&](const std::string& rows, int weight) {
    return fmt::format("SELECT s.*, {} AS __weight FROM {} s", weight,
                       rounds.step_of(rows));
  };
  stage(fmt::format("({} UNION ALL {})", from(added.mark, 1),
                    from(taken.mark, -1)));
  rounds.end_rounds();
  program.stage(changes, consolidated(wave.name, self.columns));
  program.begin_if(changes.count + " > 0");
  apply(program, {rounds.arrangement(), names}, where, changes.relation);
  program.end_if();
  program.end_if();
  program.store(self, rounds.arranged());
  return {changes.relation, {changes.count}};
}

} // namespace pgtrickle
