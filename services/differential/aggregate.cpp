// Δγ(Q) = new rows of the touched groups − their old rows
//
// A group that no change of Q falls into keeps its row. For the touched ones
// the arrangement holds the old row (v…) and partial states (s…): where the new
// value follows from state + change it is arithmetic; where it doesn't (an
// extreme that went, an aggregate of the user's), that group alone is read
// again.

#include "services/differential/aggregate_rows.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

namespace {

class grouped {
public:
  grouped(const aggregate& node, const plan& self, program_builder& program)
    : node_(node), self_(self), program_(program),
      key_columns_(self.columns.begin(),
                   self.columns.begin() + static_cast<long>(node.keys)),
      where_(key_columns_, all_columns(node.keys)),
      keys_(column_names(node.keys)) {
    for (std::size_t i = 0; i < node.calls.size(); ++i)
      calls_.emplace_back(node.calls[i], i, self.columns[node.keys + i],
                          node.input->columns);
  }

  delta differentiate() {
    const auto input = adds_up() ? program_.added_up(*node_.input)
                                 : program_.differentiate(*node_.input);
    create_arrangement();
    program_.begin_if(any_rows(input.counts));
    stage_groups(input);
    if (some_are_read_again())
      read_again(program_,
                 {node_, key_columns_, where_, keys_, calls_, groups_});
    update_arrangement();
    program_.end_if();
    program_.store(self_, arranged());
    return {emitted(), {groups_.count}};
  }

private:
  /// Whether the changes of a table are only added up, to which it is the same
  /// whether two that cancel were found before. An extreme is looked for among
  /// the new rows, and must not be one that is gone again.
  bool adds_up() const {
    const auto* plan = node_.input.get();
    for (;;)
      if (const auto* kept = std::get_if<filter>(&plan->node))
        plan = kept->input.get();
      else if (const auto* made = std::get_if<project>(&plan->node))
        plan = made->input.get();
      else
        break;
    return std::holds_alternative<scan>(plan->node)
           && std::ranges::none_of(
             calls_, [](const auto& call) { return call.is_extreme(); });
  }

  // --- the arrangement -------------------------------------------------------

  void create_arrangement() {
    auto columns = definitions(key_columns_);
    columns.push_back({"__n", "bigint NOT NULL CHECK (__n >= 0)"});
    for (const auto& call : calls_) {
      columns.push_back(call.value_definition());
      for (const auto& state : call.states())
        columns.push_back(state.column);
    }
    arrangement_ = program_.add_state("groups", columns);
    if (node_.keys > 0)
      for (const auto& index : where_.index_on(arrangement_, keys_))
        program_.add_state_index(index);

    auto outputs = references("i", keys_);
    outputs.emplace_back("count(*)");
    for (const auto& call : calls_) {
      outputs.push_back(call.sql());
      for (const auto& state : call.states())
        outputs.push_back(state.initial);
    }
    program_.add_fill(
      arrangement_,
      fmt::format("SELECT {} FROM (SELECT *, 1::bigint AS __weight FROM {} q) "
                  "i{}",
                  joined(outputs), program_.current(*node_.input),
                  group_by("i")));
  }

  /// The aggregate's rows, read from the arrangement.
  std::string arranged() const {
    auto outputs = references("a", keys_);
    for (std::size_t i = 0; i < calls_.size(); ++i)
      outputs.push_back(fmt::format("a.{} AS {}", calls_[i].value(),
                                    column_name(node_.keys + i)));
    return fmt::format("(SELECT {} FROM {} a)", joined(outputs), arrangement_);
  }

  std::string group_by(std::string_view alias) const {
    return keys_.empty() ? "" : " GROUP BY " + joined(references(alias, keys_));
  }

  // --- old and new of each touched group
  // --------------------------------------

  /// A SELECT of what changed, group by group.
  std::string changes(const delta& input) const {
    auto outputs = references("i", keys_);
    outputs.emplace_back("sum(i.__weight)::bigint AS __n");
    for (const auto& call : calls_) {
      for (const auto& state : call.states())
        outputs.push_back(state.change + " AS " + state.column.name);
      if (call.is_extreme()) {
        outputs.push_back(call.came_change() + " AS " + call.came());
        outputs.push_back(call.went_change() + " AS " + call.went());
      }
    }
    // Sums let a row that came and went cancel by itself; extremes don't.
    const bool extremes = std::ranges::any_of(
      calls_, [](const auto& call) { return call.is_extreme(); });
    return fmt::format("SELECT {} FROM {} i{}", joined(outputs),
                       extremes
                         ? consolidated(input.relation, node_.input->columns)
                         : input.relation,
                       group_by("i"));
  }

  void stage_groups(const delta& input) {
    auto columns = definitions(key_columns_);
    columns.push_back({"__at", "tid"});
    columns.push_back({"__was", "boolean"});
    columns.push_back({"__n", "bigint"});
    texts inner;
    for (const auto& key : keys_)
      inner.push_back(fmt::format(
        "CASE WHEN a.__n IS NULL THEN g.{0} ELSE a.{0} END AS {0}", key));
    inner.emplace_back("a.ctid AS __at");
    inner.emplace_back("a.__n IS NOT NULL AS __was");
    inner.emplace_back("coalesce(a.__n, 0) + coalesce(g.__n, 0) AS __n");
    auto outer = references("x", keys_);
    for (const auto* own : {"x.__at", "x.__was", "x.__n"})
      outer.emplace_back(own);
    texts redo;
    for (const auto& call : calls_) {
      columns.push_back({call.old_value(), call.value_definition().type});
      inner.push_back(
        fmt::format("a.{} AS {}", call.value(), call.old_value()));
      outer.push_back("x." + call.old_value());
      for (const auto& state : call.states()) {
        columns.push_back(state.column);
        inner.push_back(
          fmt::format("coalesce(a.{0}, 0) + g.{0} AS {0}", state.column.name));
        outer.push_back("x." + state.column.name);
      }
      if (call.is_extreme()) {
        inner.push_back("g." + call.came());
        inner.push_back("g." + call.went());
      }
      columns.push_back(call.value_definition());
      outer.push_back(call.new_value());
      if (call.needs_rows() != "false")
        redo.push_back(call.needs_rows());
    }
    columns.push_back({"__redo", "boolean"});
    outer.push_back(redo.empty() ? "false" : joined(redo, " OR "));
    if (!redo.empty()) {
      columns.push_back({"__id", "bigint"});
      outer.emplace_back("row_number() OVER ()");
    }
    groups_ = program_.add_staged("groups", columns);
    program_.stage(
      groups_,
      fmt::format(
        "(SELECT {} FROM (SELECT {} FROM ({}) g LEFT JOIN {} a ON {}) x)",
        joined(outer), joined(inner), changes(input), arrangement_,
        where_.equal(references("a", keys_), references("g", keys_))));
  }

  bool some_are_read_again() const {
    return std::ranges::any_of(
      calls_, [](const auto& call) { return call.needs_rows() != "false"; });
  }

  void update_arrangement() {
    texts names = keys_;
    names.emplace_back("__n");
    for (const auto& call : calls_) {
      names.push_back(call.value());
      for (const auto& state : call.states())
        names.push_back(state.column.name);
    }
    texts sets;
    for (auto i = keys_.size(); i < names.size(); ++i)
      sets.push_back(fmt::format("{0} = n.{0}", names[i]));
    program_.run(fmt::format(
      "MERGE INTO {} a USING {} n ON a.ctid = n.__at {}WHEN MATCHED THEN "
      "UPDATE SET {} WHEN NOT MATCHED AND n.__n <> 0 THEN INSERT ({}) VALUES "
      "({})",
      arrangement_, groups_.relation,
      keys_.empty() ? "" : "WHEN MATCHED AND n.__n = 0 THEN DELETE ",
      joined(sets), joined(names), joined(references("n", names))));
  }

  // --- the delta
  // --------------------------------------------------------------

  std::string emitted() const {
    texts before = references("n", keys_);
    texts after = before;
    texts old_row;
    texts new_row;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      const auto& call = calls_[i];
      const auto name = column_name(node_.keys + i);
      before.push_back(fmt::format("n.{} AS {}", call.old_value(), name));
      after.push_back(fmt::format("n.{} AS {}", call.value(), name));
      old_row.push_back(exact("n." + call.old_value(), call.value_type()));
      new_row.push_back(exact("n." + call.value(), call.value_type()));
    }
    before.emplace_back("-1::bigint AS __weight");
    after.emplace_back("1::bigint AS __weight");
    std::string changed = "NOT n.__was OR n.__n = 0";
    if (!old_row.empty())
      changed += fmt::format(" OR ROW({}) IS DISTINCT FROM ROW({})",
                             joined(old_row), joined(new_row));
    // Without keys there is one group, which has a row even when it is empty.
    return fmt::format("(SELECT {} FROM {} n WHERE n.__was AND ({}) UNION ALL "
                       "SELECT {} FROM {} n WHERE {} AND ({}))",
                       joined(before), groups_.relation, changed, joined(after),
                       groups_.relation, keys_.empty() ? "true" : "n.__n > 0",
                       changed);
  }

  const aggregate& node_;
  const plan& self_;
  program_builder& program_;
  std::vector<column> key_columns_;
  locator where_;
  texts keys_;
  std::vector<aggregate_state> calls_;
  std::string arrangement_;
  program_builder::staged_rows groups_;
};

} // namespace

delta differentiate(const aggregate& node, const plan& self,
                    program_builder& program) {
  return grouped{node, self, program}.differentiate();
}

} // namespace pgtrickle
