#include "services/planning/mode_choice.hpp"

#include <algorithm>

namespace pgtrickle {

namespace {

/// Changes of sizes within this factor are comparable.
constexpr double alike = 4;

/// Of a way that was measured so often only the newest are known.
constexpr std::size_t long_history = 32;

/// Whether `extra` ms may be spent to measure the other way again, after
/// `spent` ms in this one.
bool may_try(const mode_question& question, double extra, double spent) {
  return extra < question.trials * spent * (0.5 + question.chance);
}

/// Whether a full refresh is taken for cheaper by the size of the change alone.
bool seems_large(const mode_question& question) {
  return question.changes > few_changes
         && question.changes > question.most_changes * question.source_rows;
}

bool are_alike(double a, double b) { return a <= alike * b && b <= alike * a; }

/// What full refreshes of changes like this one have taken since one of them
/// was done differentially: larger and smaller ones in between don't tell.
double spent_on_alike(const refresh_costs& costs, double changes) {
  const auto is_alike = [&](const refresh_cost& cost) {
    return are_alike(cost.changes, changes);
  };
  const auto other = std::ranges::find_if(costs.differential, is_alike);
  double spent = 0;
  for (const auto& cost : costs.full)
    if (is_alike(cost)
        && (other == costs.differential.end() || cost.id > other->id))
      spent += cost.ms;
  return spent;
}

/// Whether the cost of a way is known for so many changes. Fewer tell enough of
/// a full refresh, but for the first fill, which had none.
bool is_measured(const refresh_costs& costs, bool full, double changes) {
  return std::ranges::any_of(
    full ? costs.full : costs.differential, [&](const refresh_cost& cost) {
      return full ? cost.changes > 0 && cost.changes <= alike * changes
                  : are_alike(cost.changes, changes);
    });
}

/// Whether one way is measured for changes like these and the other, which is
/// not expected to be much worse, never was: then it is measured at once, and
/// not first when this one has taken long enough.
bool must_learn(const mode_question& question, const refresh_costs& costs,
                bool other_is_full, bool not_much_worse) {
  const auto& other = other_is_full ? costs.full : costs.differential;
  return not_much_worse && question.changes <= question.source_rows
         && other.size() < long_history
         && is_measured(costs, !other_is_full, question.changes)
         && !is_measured(costs, other_is_full, question.changes);
}

double spent_in(const mode_question& question, const refresh_costs& costs,
                bool full) {
  const auto spent = question.last_was_full == full ? question.spent_ms : 0.0;
  return full ? std::max(spent, spent_on_alike(costs, question.changes))
              : spent;
}

/// If the newest refresh went better than expected, its way is expected to do
/// as well again: one trial is enough to change the way, and the next refresh
/// tells whether that was right.
void believe_newest(mode_choice& choice, const refresh_costs& costs,
                    double changes) {
  const auto& [differential, full] = costs;
  if (differential.empty() || full.empty())
    return;
  const bool was_full = full.front().id > differential.front().id;
  const auto& newest = was_full ? full.front() : differential.front();
  auto& expected = was_full ? choice.full_ms : choice.differential_ms;
  if (expected && are_alike(newest.changes, changes))
    expected = std::min(*expected, newest.ms);
}

} // namespace

bool is_obvious(const mode_question& question) {
  if (question.most_changes <= 0)
    return true;
  if (question.changes > few_changes)
    return false;
  if (!question.last_differential_ms || !question.last_full_ms)
    return true;
  const auto extra = *question.last_full_ms - *question.last_differential_ms;
  return extra >= 0
         && (question.last_was_full
             || !may_try(question, extra, question.spent_ms));
}

mode_choice choose_mode(const mode_question& question,
                        const refresh_costs& costs) {
  const auto model = learn(costs);
  mode_choice choice;
  choice.differential_ms = model.differential_ms(question.changes);
  choice.full_ms = model.full_ms(question.changes);
  believe_newest(choice, costs, question.changes);
  const bool known = choice.differential_ms && choice.full_ms;
  choice.full
    = known ? *choice.full_ms < *choice.differential_ms : seems_large(question);
  const auto expected = choice.full ? choice.full_ms : choice.differential_ms;
  if (!expected)
    return choice;
  // Of what was never measured nothing worse is feared than twice this.
  const auto other = choice.full ? choice.differential_ms : choice.full_ms;
  const auto extra = other.value_or(2 * *expected) - *expected;
  if (question.trials > 0
      && (must_learn(question, costs, !choice.full, extra <= *expected)
          || may_try(question, extra,
                     spent_in(question, costs, choice.full)))) {
    choice.full = !choice.full;
    choice.trial = true;
  }
  return choice;
}

} // namespace pgtrickle
