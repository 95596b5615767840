#include "services/differential/apply.hpp"
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
    auto columns = definitions(root.columns);
    columns.push_back({"__weight", "bigint"});
    staging_ = program.add_staging("root", columns);
    count_ = program.add_count();
    program.clear_after(staging_, count_);
  }

  void stage(const std::string& relation) {
    program_.run(fmt::format("INSERT INTO {} SELECT * FROM {} d", staging_,
                             consolidated(relation, root_.columns)),
                 count_);
  }

  void stage_difference() {
    stage(difference(program_.current(root_), table_.name, table_.columns));
  }

  void apply_to_table() {
    program_.begin_if(count_ + " > 0");
    pgtrickle::apply(program_, table_, where_, staging_);
    program_.line(fmt::format(
      "EXECUTE {} INTO inserted, deleted;",
      literal(fmt::format(
        "SELECT coalesce(sum(__weight) FILTER (WHERE __weight > 0), 0), "
        "coalesce(sum(-__weight) FILTER (WHERE __weight < 0), 0) FROM {}",
        staging_))));
    program_.end_if();
  }

  void fill_table() {
    program_.run(fmt::format("INSERT INTO {} ({}) SELECT * FROM {} q",
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
  std::string staging_;
  std::string count_;
};

void refill_states(program_builder& program) {
  for (const auto& state : program.states())
    program.run("TRUNCATE " + state);
  for (const auto& fill : program.fills())
    program.run(fill);
}

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
  } else {
    const auto delta = program.differentiate(root);
    program.begin_if(any_rows(delta.counts));
    changes.stage(delta.relation);
    program.end_if();
  }
  changes.apply_to_table();
  auto differential_lines = program.take_lines();

  // What arrangements hold is what later changes start from. Where a query
  // leaves PostgreSQL a choice (among rows that sort alike), the stream table
  // must have the same rows: it is filled from them.
  refill_states(program);
  changes.stage_difference();
  changes.apply_to_table();
  auto full_lines = program.take_lines();

  for (const auto& fill : program.fills())
    program.run(fill);
  changes.fill_table();
  auto fill_lines = program.take_lines();

  program.run("EXPLAIN SELECT * FROM " + current(root) + " q");
  auto check_lines = program.take_lines();

  auto result
    = program.finish(std::move(fill_lines), std::move(differential_lines),
                     std::move(full_lines), std::move(check_lines));
  result.indexes = changes.indexes();
  return result;
}

} // namespace pgtrickle
