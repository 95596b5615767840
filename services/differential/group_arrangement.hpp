#pragma once
// The table that keeps the groups of an aggregate.

#include "services/differential/aggregate_groups.hpp"

namespace pgtrickle {

class group_arrangement {
public:
  /// Creates it, and fills it from the aggregate's input.
  group_arrangement(const aggregate_groups& groups, program_builder& program);

  [[nodiscard]] const std::string& name() const { return name_; }

  /// Writes the groups that were staged into it.
  void update();

  /// The aggregate's rows, read from it.
  [[nodiscard]] std::string rows() const;

private:
  [[nodiscard]] std::string filling() const;

  const aggregate_groups& groups_;
  program_builder& program_;
  std::string name_;
};

} // namespace pgtrickle
