#pragma once
// The delta of a join as a sum of terms, of which a refresh runs those whose
// inputs have changed.

#include "services/differential/program_builder.hpp"

#include <string>
#include <vector>

namespace pgtrickle {

/// An input of a join.
struct join_input {
  /// What the condition calls its rows: l or r.
  std::string alias;
  const plan& rows;
  delta changes;
  /// The rows as of the new frontier.
  std::string current;

  /// Whether there are changes, as a condition of the program.
  [[nodiscard]] std::string has_changed() const {
    return any_rows(changes.counts);
  }
  /// References to its columns.
  [[nodiscard]] std::vector<std::string> columns() const;
  /// Positions of the columns that `condition` refers to, and perhaps of some
  /// that it only mentions in a constant.
  [[nodiscard]] std::vector<std::size_t>
  columns_in(const std::string& condition) const;
};

/// Collects the terms of one join's delta.
class join_terms {
public:
  /// How often the changes of the inputs are read.
  enum class reading : std::uint8_t { once, several_times, row_by_row };
  struct readings {
    reading left = reading::several_times;
    reading right = reading::several_times;
  };

  /// `node` is an inner_join, an outer_join or a semi_join: `self`'s.
  template <class Join>
  join_terms(const Join& node, const plan& self, program_builder& program,
             readings several)
    : join_terms(*node.left, *node.right, node.condition, self, program,
                 several) {}
  template <class Join>
  join_terms(const Join& node, const plan& self, program_builder& program)
    : join_terms(node, self, program, readings{}) {}

  [[nodiscard]] const join_input& left() const { return left_; }
  [[nodiscard]] const join_input& right() const { return right_; }
  [[nodiscard]] const std::string& condition() const { return condition_; }
  [[nodiscard]] program_builder& program() { return program_; }

  /// Adds a term, for when the program comes to this point: a SELECT of the
  /// join's columns, by whatever name, and a weight.
  void add(const std::string& select);

  /// Adds the terms for the pairs that satisfy the condition.
  void add_pairs();

  /// The delta that the terms give together.
  [[nodiscard]] delta sum();

private:
  join_terms(const plan& left, const plan& right, std::string condition,
             const plan& self, program_builder& program, readings several);

  const plan& self_;
  program_builder& program_;
  std::string condition_;
  join_input left_;
  join_input right_;
  program_builder::text_variable terms_;
};

} // namespace pgtrickle
