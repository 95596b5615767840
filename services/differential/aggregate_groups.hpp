#pragma once
// The groups of an aggregate that a refresh touches: what they were, and what
// they are.

#include "services/differential/aggregate_state.hpp"
#include "services/differential/locator.hpp"

namespace pgtrickle {

using texts = std::vector<std::string>;

/// The touched groups of one aggregate, staged old beside new.
class aggregate_groups {
public:
  /// `self` is the plan of `node`.
  aggregate_groups(const aggregate& node, const plan& self,
                   program_builder& program);

  /// Adds the statements for the changes of the aggregate's input.
  [[nodiscard]] delta changes_of_input();

  /// The state of a group: `keys`, the number of its rows `__n`, and of each
  /// call its value v<j> and its partial states s<j>_….
  [[nodiscard]] const texts& keys() const { return keys_; }
  [[nodiscard]] const std::vector<column>& key_columns() const {
    return key_columns_;
  }
  [[nodiscard]] const std::vector<aggregate_state>& calls() const {
    return calls_;
  }
  [[nodiscard]] const aggregate& node() const { return node_; }
  /// How a group is found by its key.
  [[nodiscard]] const locator& where() const { return where_; }

  /// Stages a row for each group that `input` touches: its keys, the place
  /// `__at` of its row in `kept` and whether there is one, `__was`; the old
  /// values o<j>, and its state by now. `kept` is a relation of states, with
  /// ctid. If `weighed`, the last column is 1 for a group that appears and -1
  /// for one that disappears.
  void stage(const delta& input, const std::string& kept, bool weighed = false);

  /// The rows that were staged; it is a relation by the alias `n` in what
  /// follows.
  [[nodiscard]] const program_builder::staged_rows& rows() const {
    return groups_;
  }

  /// The condition that the group's row of the aggregate is another than it
  /// was.
  [[nodiscard]] std::string has_changed() const;

  /// The group's old and its new row, as c1 ….
  [[nodiscard]] texts old_row() const;
  [[nodiscard]] texts new_row() const;

private:
  [[nodiscard]] bool has_extremes() const;
  [[nodiscard]] std::string changes(const delta& input) const;
  [[nodiscard]] std::vector<column_definition> columns(bool weighed) const;
  [[nodiscard]] std::string beside_old(const delta& input,
                                       const std::string& kept) const;
  [[nodiscard]] texts new_states(bool weighed) const;
  [[nodiscard]] bool some_are_read_again() const;

  const aggregate& node_;
  program_builder& program_;
  std::vector<column> key_columns_;
  locator where_;
  texts keys_;
  std::vector<aggregate_state> calls_;
  program_builder::staged_rows groups_;
};

} // namespace pgtrickle
