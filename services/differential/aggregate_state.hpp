#pragma once
// What an arrangement remembers of one aggregate, and how that follows from
// changes: a column v<j> with the value itself, and partial states s<j>_….

#include "services/differential/program_builder.hpp"

namespace pgtrickle {

/// A number that a group keeps for a call; it adds up over changes.
struct partial_state {
  /// What the number is, if a call's value may show it too.
  enum class meaning : std::uint8_t { count, sum, other };
  column_definition column;
  /// Its change, over weighted input rows `i`.
  std::string change;
  /// The same where each row has the weight 1: what the value's own aggregate
  /// computes too, PostgreSQL computes once.
  std::string initial;
  meaning is = meaning::other;
};

/// One call of an aggregate, with the type of its value and its argument.
class aggregate_state {
public:
  aggregate_state(const aggregate_call& call, std::size_t index,
                  const column& value, const std::vector<column>& inputs);

  [[nodiscard]] std::string value() const { return value_.name; }
  [[nodiscard]] const column_definition& value_definition() const {
    return value_;
  }
  [[nodiscard]] const column& value_type() const { return type_; }
  [[nodiscard]] const std::string& sql() const { return call_.sql; }
  [[nodiscard]] const std::vector<partial_state>& states() const {
    return states_;
  }

  /// min and max: the extremes of what came and of what went, per group.
  [[nodiscard]] bool is_extreme() const;
  [[nodiscard]] std::string came() const;
  [[nodiscard]] std::string went() const;
  [[nodiscard]] std::string came_change() const;
  [[nodiscard]] std::string went_change() const;

  /// The value in terms of the new states, the old value o<j> and, for
  /// extremes, what came and went: all columns of `x`.
  [[nodiscard]] std::string new_value() const;

  /// The condition under which only the group's rows tell the value; "false"
  /// when the states always do.
  [[nodiscard]] std::string needs_rows() const;

  [[nodiscard]] std::string old_value() const;

private:
  [[nodiscard]] std::string state(std::string_view name) const;
  [[nodiscard]] std::string condition(std::string_view more) const;
  [[nodiscard]] std::string filter(std::string_view more) const;
  void remember_count(std::string_view name, std::string_view when,
                      partial_state::meaning is
                      = partial_state::meaning::other);
  void remember_sum(std::string_view name, std::string_view value,
                    partial_state::meaning is = partial_state::meaning::other);
  [[nodiscard]] std::string variance() const;

  aggregate_call call_;
  std::size_t index_;
  column type_;
  column_definition value_;
  /// The argument is numeric, which may be NaN or infinite. A sum that such a
  /// value went into stays so when it is gone: its group is read again from
  /// then on, and no other group pays for the possibility.
  bool may_be_odd_ = false;
  std::vector<partial_state> states_;
};

} // namespace pgtrickle
