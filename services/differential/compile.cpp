#include "services/differential/apply.hpp"
#include "services/differential/root_groups.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

/// The root's changes, staged and consolidated, are what the stream table
/// changes by.
class root_changes {
public:
  root_changes(const plan& root, program_builder& program)
    : root_(root), program_(program), where_(root.columns, root.key) {
    for (const auto& name : program.target().columns)
      table_.columns.push_back(quoted(name));
    table_.name = program.target().name;
    staged_ = program.add_staged("root", delta_definitions(root.columns));
  }

  [[nodiscard]] const locator& where() const { return where_; }

  void stage(const std::string& relation) {
    program_.stage(staged_, consolidated(relation, root_.columns));
  }

  void stage_difference() {
    stage(difference(program_.current(root_), table_.name, table_.columns));
  }

  void apply_to_table() {
    program_.begin_if(staged_.count + " > 0");
    pgtrickle::apply(program_, table_, where_, staged_.relation);
    program_.line(fmt::format("inserted := pgtrickle._weight({}, true);",
                              staged_.variable));
    program_.line(fmt::format("deleted := -pgtrickle._weight({}, false);",
                              staged_.variable));
    program_.end_if();
  }

  void fill_table() {
    program_.execute(fmt::format("INSERT INTO {} ({}) SELECT * FROM {} q",
                                 table_.name, joined(table_.columns),
                                 program_.current(root_)),
                     "inserted");
  }

  [[nodiscard]] std::vector<std::string> indexes() const {
    return where_.index_on(table_.name, table_.columns,
                           row_index(program_.target().id));
  }

private:
  const plan& root_;
  program_builder& program_;
  locator where_;
  applied_table table_;
  program_builder::staged_rows staged_;
};

} // namespace

std::string row_index(stream_table_id id) {
  return fmt::format("pgt_{}_rows", static_cast<std::int64_t>(id));
}

refresh_program compile(const plan& root, const program_target& target) {
  program_builder program{target};
  program.count_readers(root);
  root_changes changes{root, program};

  if (const auto* whole = std::get_if<opaque>(&root.node)) {
    // The stream table itself holds what the query gave last time.
    for (auto table : whole->tables)
      (void)program.changes_of(table);
    changes.stage_difference();
    changes.apply_to_table();
  } else if (const auto groups = root_aggregate_of(root)) {
    follow_groups(program, *groups, changes.where());
  } else {
    const auto delta = program.differentiate(root);
    program.begin_if(any_rows(delta.counts));
    changes.stage(delta.relation);
    program.end_if();
    changes.apply_to_table();
  }
  auto differential_lines = program.take_lines();

  // What arrangements hold is what later changes start from. Where a query
  // leaves PostgreSQL a choice (among rows that sort alike), the stream table
  // must have the same rows: it is filled from them.
  program.refill_states();
  changes.stage_difference();
  changes.apply_to_table();
  auto full_lines = program.take_lines();

  program.fill_states();
  changes.fill_table();
  auto fill_lines = program.take_lines();

  program.execute("EXPLAIN SELECT * FROM " + current(root) + " q");
  auto check_lines = program.take_lines();

  auto result
    = program.finish(std::move(fill_lines), std::move(differential_lines),
                     std::move(full_lines), std::move(check_lines));
  result.indexes = changes.indexes();
  return result;
}

} // namespace pgtrickle
