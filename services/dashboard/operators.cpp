#include "services/dashboard/operators.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace pgtrickle::dashboard {

namespace {

struct known_operator {
  /// How its line in the shape begins.
  std::string_view headline;
  std::string_view name;
};

constexpr std::array<known_operator, 20> known_operators{{
  {"scan ", "scan"},
  {"filter ", "filter"},
  {"project ", "project"},
  {"inner join on ", "inner join"},
  {"left join on ", "left join"},
  {"right join on ", "right join"},
  {"full join on ", "full join"},
  {"semi join on ", "semi join"},
  {"anti join on ", "anti join"},
  {"aggregate by ", "aggregate"},
  {"distinct", "distinct"},
  {"union all", "union all"},
  {"window by ", "window"},
  {"first ", "first rows"},
  {"left lateral ", "left lateral"},
  {"lateral ", "lateral"},
  {"recursive union all", "recursive union all"},
  {"recursive union", "recursive union"},
  {"recursion", "recursion"},
  {"opaque", "recomputed part"},
}};

std::optional<std::size_t> number_in(std::string_view text) {
  std::size_t number = 0;
  const auto [end, problem]
    = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{})
    return std::nullopt;
  return number;
}

std::string_view next_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// The number of a line "n inputs". Expressions may have lines of their own
/// before it.
std::optional<std::size_t> inputs_in(std::string_view line) {
  constexpr std::string_view suffix = " inputs";
  if (!line.ends_with(suffix))
    return std::nullopt;
  const auto digits = line.substr(0, line.size() - suffix.size());
  if (digits.empty() || digits.find_first_not_of("0123456789") != digits.npos)
    return std::nullopt;
  return number_in(digits);
}

plan_operator operator_in(std::string_view line, std::size_t depth) {
  const auto* const known
    = std::ranges::find_if(known_operators, [&](const known_operator& one) {
        return line.starts_with(one.headline);
      });
  if (known == known_operators.end())
    return {depth, "operator"};
  plan_operator found{depth, std::string{known->name}};
  if (known == known_operators.begin())
    if (const auto relation = number_in(line.substr(known->headline.size())))
      found.relation = static_cast<oid>(*relation);
  return found;
}

} // namespace

std::vector<plan_operator> operators_in(std::string_view shape) {
  std::vector<plan_operator> operators;
  // How many inputs are still to come, at each depth.
  std::vector<std::size_t> awaited{1};
  while (!shape.empty() && !awaited.empty()) {
    operators.push_back(operator_in(next_line(shape), awaited.size() - 1));
    std::optional<std::size_t> inputs;
    while (!inputs && !shape.empty())
      inputs = inputs_in(next_line(shape));
    --awaited.back();
    awaited.push_back(inputs.value_or(0));
    while (!awaited.empty() && awaited.back() == 0)
      awaited.pop_back();
  }
  return operators;
}

} // namespace pgtrickle::dashboard
