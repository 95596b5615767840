#pragma once

#include "services/differential/program.hpp"
#include "services/differential/relations.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pgtrickle {

/// The change of a relation: columns c1 …, and __weight.
struct delta {
  /// A table, or a SELECT in parentheses; what a text variable of the program
  /// holds stands in it as a mark (`program_builder::add_text`).
  std::string relation;
  /// Variables of the program; if all are 0, the delta is empty.
  std::vector<std::string> counts;
  /// Whether reading it takes a join: whoever reads it twice stages it first.
  bool costly = false;
  /// Not empty: `relation` reads a change buffer by parameters, and these are
  /// the arguments for them. Only what `added_up` returns may do so.
  std::string window = {};
};

/// Those changes of a source that satisfy a predicate over `i`, or all of them.
/// If it leaves few, they are staged however many changes there are.
struct picked_changes {
  std::string predicate = {};
  bool few = false;
};

/// Collects the statements of a refresh program. An operator sees its node, its
/// inputs' deltas and this; it does not know its parent or its children.
class program_builder {
public:
  explicit program_builder(const program_target& target) : target_(target) {}

  /// Tells which plans under `root` are read more than once, before it is
  /// differentiated.
  void count_readers(const plan& root);

  /// Adds the statements for the delta of `plan`, inputs first. A plan that
  /// several others read is differentiated once.
  delta differentiate(const plan& plan);

  /// The same for a reader that only adds changes up: those of sources may hold
  /// rows that cancel. Those of a single source are read where they lie.
  delta added_up(const plan& plan);

  /// The rows of `plan` while the differential statements run: those of
  /// arrangements need not be computed.
  [[nodiscard]] std::string current(const plan& plan) const {
    return pgtrickle::current(plan, stored_);
  }

  /// States that from here on `rows`, over an arrangement, are `plan`'s.
  void store(const plan& plan, std::string rows) {
    stored_.insert_or_assign(&plan, std::move(rows));
  }

  /// The changes of a source that are `picked`, added when first asked for.
  delta source(const scan& source, const picked_changes& picked = {});

  /// `changes` as something that may be read more than once.
  delta staged(delta changes, const std::vector<column>& columns);

  /// A variable that counts the captured changes of `table`.
  std::string changes_of(oid table);

  /// Rows that the program stages in memory: a relation that later statements
  /// read, with no rows until then, and the variable that counts them.
  struct staged_rows {
    std::string relation;
    std::string count;
    std::string name;
    std::string variable;
    std::vector<column_definition> columns;
  };
  staged_rows add_staged(std::string_view operation,
                         std::vector<column_definition> columns);
  /// Stages the rows of `relation`, whose columns stand in the same order.
  /// `window` belongs to a delta in it that has one.
  void stage(const staged_rows& rows, std::string_view relation,
             std::string_view window = {});

  /// Adds a table that is empty between refreshes, for rows that statements
  /// change or look up by an index. Returns its name.
  std::string add_table(std::string_view operation,
                        const std::vector<column_definition>& columns);
  void add_table_index(std::string statement) {
    program_.create_staging.push_back(std::move(statement));
  }

  /// Adds an arrangement, and the statement that fills it from the sources.
  /// `{}` in `fill` and `constraints` is not replaced. Returns its name.
  std::string add_state(std::string_view operation,
                        const std::vector<column_definition>& columns,
                        std::string_view constraints = {});
  void add_fill(std::string statement) {
    fills_.push_back({std::move(statement), {}, {}});
  }
  /// Fills `table` with what the SELECT `rows` gives.
  void add_fill(const std::string& table, std::string rows) {
    fills_.push_back(
      {"INSERT INTO " + table + " " + rows, table, std::move(rows)});
  }
  void add_state_index(std::string statement);

  /// Adds a variable, 0 at first. Returns its name.
  std::string add_count();

  /// Adds a variable for a piece of SQL that is known only when the program
  /// runs. Returns its name, and the mark that stands for it in statements.
  struct text_variable {
    std::string name;
    std::string mark;
  };
  text_variable add_text(std::string initial = "''");

  /// The PL/pgSQL expression that gives `statement`, its marks replaced.
  [[nodiscard]] std::string text_of(std::string_view statement) const;

  /// Adds a statement; its row count is added to `count` unless that is empty.
  void run(std::string_view statement, std::string_view count = {});

  /// The same for a statement whose text is another each time.
  void run_once(std::string_view statement, std::string_view count = {});

  /// Adds a SELECT of one bigint, whose value goes into `variable`.
  void select(std::string_view query, std::string_view variable);

  /// Adds a statement that is planned each time, or that has no plan. It sees
  /// no staged rows.
  void execute(std::string_view statement, std::string_view count = {});

  /// The PL/pgSQL expression for what PostgreSQL expects `statement` to cost.
  [[nodiscard]] std::string cost_of(std::string_view statement) const;

  /// Lines between these run only if `condition` holds.
  void begin_if(std::string_view condition);
  void add_else();
  void end_if();

  /// Lines between these run again as long as `condition` holds.
  void begin_loop(std::string_view condition);
  void end_loop();

  /// Adds a line of PL/pgSQL.
  void line(std::string_view text);

  /// Empties the table `name` after a refresh that put rows into it.
  void clear_after(std::string name, std::string count);

  [[nodiscard]] const program_target& target() const { return target_; }

  /// Takes the lines collected so far.
  [[nodiscard]] std::string take_lines();

  /// The program, given the lines of its modes.
  [[nodiscard]] refresh_program finish(std::string fill_lines,
                                       std::string differential_lines,
                                       std::string full_lines,
                                       std::string check_lines);

  /// Runs the statements that fill all arrangements, which must be empty.
  void fill_states();
  /// Empties them and fills them again. What is computed from many rows is
  /// staged first: PostgreSQL does that in parallel, an INSERT it does not.
  void refill_states();

private:
  [[nodiscard]] std::size_t source_position(oid table);
  [[nodiscard]] std::size_t entry_of(const scan& source);
  [[nodiscard]] bool reads_in_place(const plan& plan) const;
  delta make_ready(std::size_t at, const picked_changes& picked);
  [[nodiscard]] std::string rows_where(std::size_t at,
                                       const picked_changes& picked) const;
  void take_window(std::size_t at, const picked_changes& picked,
                   const staged_rows& rows);
  delta window(std::size_t at, const picked_changes& picked);
  void take_statement(std::size_t at, const staged_rows& rows);
  void create_table(const std::string& name,
                    const std::vector<column_definition>& columns);
  std::string next_name(std::string_view operation);
  [[nodiscard]] std::string stage_text(const staged_rows& rows,
                                       std::string_view relation) const;
  void add_stage_call(std::string_view function, const staged_rows& rows,
                      std::string_view statement, std::string_view arguments);
  void add_call(std::string_view statement, std::string_view count,
                std::string_view kept);

  const program_target& target_;
  refresh_program program_;
  stored_rows stored_;
  struct fill {
    std::string statement;
    /// The same in two parts; empty: it has none.
    std::string table;
    std::string rows;
  };
  std::vector<fill> fills_;
  bool adds_up_ = false;
  bool in_place_ = false;
  std::vector<std::string> counts_;
  std::vector<std::string> texts_;      // initial values
  std::map<const plan*, delta> deltas_; // of those with several
  std::map<const plan*, std::size_t> readers_;
  // As read: by the position in program_.sources, and what is picked of them.
  using as_read = std::pair<std::size_t, std::string>;
  std::map<as_read, delta> sources_;
  std::map<as_read, delta> windows_;
  std::string source_lines_; // that make them ready
  std::vector<std::pair<std::string, std::string>> cleared_; // table, count
  std::string lines_;
  std::size_t depth_ = 1;
  std::size_t tables_ = 0;
};

/// The lines that empty the table `name` at the end of a program.
[[nodiscard]] std::string clearing(const std::string& name, bool immediate);

delta differentiate(const scan& node, const plan& self,
                    program_builder& program);
delta differentiate(const filter& node, const plan& self,
                    program_builder& program);
delta differentiate(const project& node, const plan& self,
                    program_builder& program);
delta differentiate(const inner_join& node, const plan& self,
                    program_builder& program);
delta differentiate(const outer_join& node, const plan& self,
                    program_builder& program);
delta differentiate(const semi_join& node, const plan& self,
                    program_builder& program);
delta differentiate(const aggregate& node, const plan& self,
                    program_builder& program);
delta differentiate(const distinct& node, const plan& self,
                    program_builder& program);
delta differentiate(const union_all& node, const plan& self,
                    program_builder& program);
delta differentiate(const window& node, const plan& self,
                    program_builder& program);
delta differentiate(const top_rows& node, const plan& self,
                    program_builder& program);
delta differentiate(const lateral& node, const plan& self,
                    program_builder& program);
delta differentiate(const recursive& node, const plan& self,
                    program_builder& program);
delta differentiate(const recursion& node, const plan& self,
                    program_builder& program);
delta differentiate(const opaque& node, const plan& self,
                    program_builder& program);

} // namespace pgtrickle
