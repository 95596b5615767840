#pragma once
// What the histories of a run were about: a grammar that no longer makes a
// construct shows.

#include <map>
#include <string>

namespace pgtrickle::test {

/// Of how many stream tables the plan has an operator, by name; every operator
/// is there, if only with 0.
class coverage {
public:
  coverage();

  /// Counts a stream table by pgt_stream_tables.plan_shape.
  void add(const std::string& shape);

  [[nodiscard]] const std::map<std::string, int>& operators() const {
    return operators_;
  }

private:
  std::map<std::string, int> operators_;
};

} // namespace pgtrickle::test
