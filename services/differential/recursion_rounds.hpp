#pragma once
// What both forms of WITH RECURSIVE are refreshed with: the arrangement of the
// result, what the sources' changes make of it in one step, and rounds.

#include "services/differential/locator.hpp"
#include "services/differential/program_builder.hpp"

namespace pgtrickle {

class recursion_rounds {
public:
  recursion_rounds(const recursive& node, const plan& self,
                   program_builder& program);

  /// Creates the arrangement, which has `more` columns behind those of the
  /// result, and the indexes by which `where` and the step find its rows.
  void create_arrangement(const locator& where,
                          const std::vector<column_definition>& more);

  [[nodiscard]] const std::string& arrangement() const { return arrangement_; }

  /// The rows of the result as the arrangement has them.
  [[nodiscard]] std::string arranged() const;

  /// The step as SQL over the sources alone, its leaf being the whole result.
  [[nodiscard]] std::string step_over_result() const;

  /// Δbase, and Δstep for a result that stays as it was: the change of what one
  /// step makes of the old result.
  [[nodiscard]] delta seed();

  /// A staging table of the result's columns, `more` and the number of the
  /// round, by which it is indexed; it is cleared after the refresh.
  struct rounds_table {
    std::string name;
    std::string count;
  };
  rounds_table add_table(std::string_view operation,
                         std::vector<column_definition> more = {});

  /// The rows of `table` from the last round that satisfy `condition`, as text
  /// that is set where this is called. It tells the planner that they are at
  /// most `n`, the variable that the last `run` with a count has set.
  void set_last(const program_builder::text_variable& text,
                const rounds_table& table, std::string_view condition = {});

  /// The rows that one step over the current sources makes of `rows`.
  [[nodiscard]] std::string step_of(const std::string& rows);

  /// The variable that holds the number of the last round, and the mark that
  /// stands for it in statements.
  [[nodiscard]] const std::string& round() const { return round_; }
  [[nodiscard]] const std::string& round_mark() const { return number_.mark; }

  void next_round();

  /// Lines between these run as long as the last statement has added rows, but
  /// not for more rounds than data needs that comes to an end.
  void begin_rounds();
  void end_rounds();

private:
  const recursive& node_;
  const plan& self_;
  program_builder& program_;
  std::string columns_;
  std::string arrangement_;
  std::string round_;
  program_builder::text_variable number_;
};

/// Δ of a UNION ALL.
[[nodiscard]] delta differentiate_all(const recursive& node, const plan& self,
                                      program_builder& program);

} // namespace pgtrickle
