// Δω(Q) = new rows of the touched partitions − their old rows
//
// What a window function gives for a row depends on its partition alone. The
// partitions that some change of Q falls into are computed again, from the
// current rows of Q in them; an arrangement holds their old rows. Only rows
// that differ are passed on.

#include "services/differential/apply.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

using texts = std::vector<std::string>;

/// The columns to tell partitions by. One without an equality that the engine
/// may rely on is left out: coarser partitions give the same values.
std::vector<std::size_t> reliable(const window& node) {
  std::vector<std::size_t> partition;
  for (auto i : node.partition)
    if (node.input->columns[i].eq != equality::none)
      partition.push_back(i);
  return partition;
}

class partitioned {
public:
  partitioned(const window& node, const plan& self, program_builder& program)
    : node_(node), self_(self), program_(program), partition_(reliable(node)),
      names_(column_names(self.columns.size())), rows_(self.columns, self.key) {
  }

  delta differentiate() {
    const auto input = program_.differentiate(*node_.input);
    create_arrangement();
    changes_ = program_.add_staged("window", delta_definitions(self_.columns));
    program_.begin_if(any_rows(input.counts));
    if (partition_.empty())
      compare_all(input);
    else
      compare_touched(input);
    program_.begin_if(changes_.count + " > 0");
    apply(program_, {arrangement_, names_}, rows_, changes_.relation);
    program_.end_if();
    program_.end_if();
    program_.store(self_, fmt::format("(SELECT * FROM {} s)", arrangement_));
    return {changes_.relation, {changes_.count}};
  }

private:
  void create_arrangement() {
    arrangement_ = program_.add_state("window", definitions(self_.columns));
    for (const auto& index : rows_.index_on(arrangement_, names_))
      program_.add_state_index(index);
    if (!partition_.empty())
      for (const auto& index : locator::of_groups(self_.columns, partition_)
                                 .index_on(arrangement_, names_))
        program_.add_state_index(index);
    program_.add_fill(fmt::format("INSERT INTO {} SELECT * FROM {} q",
                                  arrangement_, program_.current(self_)));
  }

  // --- all rows are one partition --------------------------------------------

  void compare_all(const delta& input) {
    program_.select(
      fmt::format("SELECT count(*) FROM (SELECT FROM {} d LIMIT 1) d",
                  consolidated(input.relation, node_.input->columns)),
      "n");
    program_.begin_if("n > 0");
    stage(difference(program_.current(self_), arrangement_, names_));
    program_.end_if();
  }

  // --- some partitions are touched -------------------------------------------

  void compare_touched(const delta& input) {
    stage_touched(input);
    const auto& touched = touched_.relation;
    program_.begin_if(touched_.count + " > 0");
    const auto rows = add_rows(touched);
    texts outputs = references("s", names_);
    outputs.emplace_back("-1");
    stage(fmt::format(
      "(SELECT {}, 1 AS __weight FROM ({}) i UNION ALL SELECT {} FROM {} s "
      "JOIN {} t ON {})",
      joined(new_columns()), rows, joined(outputs), arrangement_, touched,
      locator::of_groups(self_.columns, partition_)
        .equal(references("s", names_), references("t", names_))));
    program_.end_if();
  }

  /// Stages the keys of the touched partitions, under the names of the columns
  /// that they are of.
  void stage_touched(const delta& input) {
    std::vector<column_definition> columns;
    texts outputs;
    for (auto i : partition_) {
      columns.push_back(definition(names_[i], self_.columns[i]));
      outputs.push_back("i." + names_[i]);
    }
    touched_ = program_.add_staged("touched", columns);
    program_.stage(
      touched_,
      fmt::format("(SELECT DISTINCT {} FROM {} i)", joined(outputs),
                  consolidated(input.relation, node_.input->columns)));
  }

  /// Adds the SELECT of the current input's rows in the touched partitions.
  /// Returns its mark. Without nulls in the key an index of the source serves;
  /// with them, if there are several columns, only a hash over all rows.
  std::string add_rows(const std::string& touched) {
    const auto rows = program_.add_text();
    const auto current = program_.current(*node_.input);
    const auto width = node_.input->columns.size();
    const auto all = column_list("i", width);
    texts equal;
    texts nulls;
    for (auto i : partition_) {
      equal.push_back(fmt::format("i.{0} = t.{0}", names_[i]));
      if (!self_.columns[i].not_null)
        nulls.push_back(fmt::format("t.{} IS NULL", names_[i]));
    }
    const auto add = [&](const std::string& before, const std::string& select) {
      program_.line(fmt::format("{} := {}{};", rows.name, before,
                                program_.text_of(select)));
    };
    add("", fmt::format("SELECT {} FROM {} i JOIN {} t ON {}", all, current,
                        touched, joined(equal, " AND ")));
    if (nulls.empty())
      return rows.mark;
    const auto some_null = joined(nulls, " OR ");
    program_.select(
      fmt::format("SELECT count(*) FROM {} t WHERE {}", touched, some_null),
      "n");
    program_.begin_if("n > 0");
    add(rows.name + " || ",
        partition_.size() == 1
          ? fmt::format(" UNION ALL SELECT {} FROM {} i WHERE i.{} IS NULL",
                        all, current, names_[partition_[0]])
          : fmt::format(
            " UNION ALL SELECT {} FROM {} i JOIN {} t ON {} WHERE {}", all,
            current, touched,
            locator::of_groups(self_.columns, partition_)
              .equal(references("i", names_), references("t", names_)),
            some_null));
    program_.end_if();
    return rows.mark;
  }

  // --- both ------------------------------------------------------------------

  texts new_columns() const {
    const auto width = node_.input->columns.size();
    texts outputs;
    for (std::size_t i = 0; i < names_.size(); ++i)
      outputs.push_back(
        i < width ? "i." + names_[i]
                  : fmt::format("{} AS {}", node_.calls[i - width], names_[i]));
    return outputs;
  }

  void stage(const std::string& relation) {
    program_.stage(changes_, consolidated(relation, self_.columns));
  }

  const window& node_;
  const plan& self_;
  program_builder& program_;
  std::vector<std::size_t> partition_;
  texts names_;
  locator rows_;
  std::string arrangement_;
  program_builder::staged_rows touched_;
  program_builder::staged_rows changes_;
};

} // namespace

delta differentiate(const window& node, const plan& self,
                    program_builder& program) {
  return partitioned{node, self, program}.differentiate();
}

} // namespace pgtrickle
