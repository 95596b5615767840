// Δμ(Q), UNION: delete what has lost a derivation and all that followed from
// it, then derive again
//
// The step S is linear. The arrangement R counts the derivations of each row:
// those of the base and those from rows of R. A row whose count stays above
// zero need not stay: rows in a circle derive one another. So a row that lost a
// derivation goes, with what S makes of it, round by round. What is left stands
// on rows that stayed; a row that has a derivation from these by its count
// comes back, with what S makes of it. Each row is looked at once on either
// way, which a circle in the data ends like anything else.

#include "services/differential/recursion_rounds.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

class distinct_recursion {
public:
  distinct_recursion(const recursive& node, const plan& self,
                     program_builder& program)
    : node_(node), self_(self), program_(program),
      where_(self.columns, all_columns(self.columns.size())),
      names_(column_names(self.columns.size())), rounds_(node, self, program) {}

  delta differentiate() {
    create_arrangement();
    const auto seed = rounds_.seed();
    create_staging();
    program_.begin_if(any_rows(seed.counts));
    count_seed(seed.relation);
    over_delete();
    derive_again();
    update_arrangement();
    stage_changes();
    program_.end_if();
    program_.store(self_, rounds_.arranged());
    return {changes_.relation, {changes_.count}};
  }

private:
  void create_arrangement() {
    rounds_.create_arrangement(where_,
                               {{"__n", "bigint NOT NULL CHECK (__n > 0)"}});
    program_.add_fill(fmt::format(
      "INSERT INTO {} SELECT {}, count(*) FROM (SELECT * FROM {} b UNION ALL "
      "SELECT * FROM {} s) i GROUP BY {}",
      rounds_.arrangement(), all("i"), current(*node_.base),
      rounds_.step_over_result(), all("i")));
  }

  void create_staging() {
    derivations_ = rounds_.add_table("derivations", {{"__weight", "bigint"}});
    gone_ = rounds_.add_table("gone");
    came_ = rounds_.add_table("came");
    for (const auto* table : {&gone_, &came_})
      for (const auto& index : where_.index_on(table->name, names_))
        program_.add_table_index(index);
    changes_ = program_.add_staged("changes", delta_definitions(self_.columns));
    last_ = program_.add_text();
  }

  /// Notes the derivations that the sources' changes give and take.
  void count_seed(const std::string& seed) {
    rounds_.next_round();
    program_.run_once(
      fmt::format("INSERT INTO {} SELECT {}, d.__weight, {} FROM {} d",
                  derivations_.name, all("d"), rounds_.round_mark(), seed),
      derivations_.count);
  }

  void over_delete() {
    rounds_.set_last(last_, derivations_, " AND __weight < 0");
    take_out();
    rounds_.begin_rounds();
    step_from(gone_, -1);
    rounds_.set_last(last_, derivations_);
    take_out();
    rounds_.end_rounds();
  }

  /// Rows of the result among the last derivations are gone.
  void take_out() {
    program_.run_once(
      fmt::format(
        "INSERT INTO {} SELECT {}, {} FROM (SELECT DISTINCT * FROM {} "
        "x) d JOIN {} a ON {} WHERE NOT EXISTS (SELECT FROM {} g "
        "WHERE {})",
        gone_.name, all("a"), rounds_.round_mark(), last_.mark,
        rounds_.arrangement(), equal("a", "d"), gone_.name, equal("g", "d")),
      gone_.count);
  }

  /// Notes the derivations that the last rows of `table` give or take.
  void step_from(const recursion_rounds::rounds_table& table, int weight) {
    rounds_.set_last(last_, table);
    rounds_.next_round();
    program_.run_once(fmt::format("INSERT INTO {} SELECT {}, {}, {} FROM {} s",
                                  derivations_.name, all("s"), weight,
                                  rounds_.round_mark(),
                                  rounds_.step_of(last_.mark)),
                      derivations_.count);
  }

  void derive_again() {
    rounds_.next_round();
    // All derivations so far, added up: what is left of each row's count.
    put_in(fmt::format("(SELECT {0}, sum(x.__weight) AS __weight FROM {1} x "
                       "GROUP BY {0})",
                       all("x"), derivations_.name),
           "coalesce(a.__n, 0) + d.__weight > 0");
    rounds_.begin_rounds();
    step_from(came_, 1);
    rounds_.set_last(last_, derivations_);
    put_in(fmt::format("(SELECT DISTINCT * FROM {} x)", last_.mark), "true");
    rounds_.end_rounds();
  }

  /// Rows of `rows` that satisfy `condition` come, unless they are there.
  void put_in(const std::string& rows, std::string_view condition) {
    std::vector<std::string> outputs;
    for (const auto& name : names_)
      outputs.push_back(
        fmt::format("CASE WHEN a.__n IS NULL THEN d.{0} ELSE a.{0} END", name));
    program_.run_once(
      fmt::format(
        "INSERT INTO {} SELECT {}, {} FROM {} d LEFT JOIN {} a ON {} WHERE {} "
        "AND (a.__n IS NULL OR EXISTS (SELECT FROM {} g WHERE {})) "
        "AND NOT EXISTS (SELECT FROM {} c WHERE {})",
        came_.name, joined(outputs), rounds_.round_mark(), rows,
        rounds_.arrangement(), equal("a", "d"), condition, gone_.name,
        equal("g", "d"), came_.name, equal("c", "d")),
      came_.count);
  }

  void update_arrangement() {
    program_.run(
      fmt::format("MERGE INTO {} a USING (SELECT {}, sum(x.__weight) AS __n "
                  "FROM {} x GROUP "
                  "BY {} HAVING sum(x.__weight) <> 0) d ON {} "
                  "WHEN MATCHED AND a.__n + d.__n = 0 THEN DELETE "
                  "WHEN MATCHED THEN UPDATE SET __n = a.__n + d.__n "
                  "WHEN NOT MATCHED THEN INSERT ({}, __n) VALUES ({}, d.__n)",
                  rounds_.arrangement(), all("x"), derivations_.name, all("x"),
                  equal("a", "d"), joined(names_), all("d")));
  }

  void stage_changes() {
    program_.stage(
      changes_,
      consolidated(fmt::format("(SELECT {}, -1 AS __weight FROM {} "
                               "g UNION ALL SELECT {}, 1 FROM {} c)",
                               all("g"), gone_.name, all("c"), came_.name),
                   self_.columns));
  }

  std::string all(std::string_view alias) const {
    return column_list(alias, names_.size());
  }
  std::string equal(std::string_view a, std::string_view b) const {
    return where_.equal(references(a, names_), references(b, names_));
  }

  const recursive& node_;
  const plan& self_;
  program_builder& program_;
  locator where_;
  std::vector<std::string> names_;
  recursion_rounds rounds_;
  recursion_rounds::rounds_table derivations_;
  recursion_rounds::rounds_table gone_;
  recursion_rounds::rounds_table came_;
  program_builder::staged_rows changes_;
  program_builder::text_variable last_;
};

} // namespace

delta differentiate(const recursive& node, const plan& self,
                    program_builder& program) {
  return node.distinct ? distinct_recursion{node, self, program}.differentiate()
                       : differentiate_all(node, self, program);
}

/// What changes the result is no change of one round's rows.
delta differentiate(const recursion&, const plan& self, program_builder&) {
  return {no_rows(delta_definitions(self.columns)), {"0"}};
}

} // namespace pgtrickle
