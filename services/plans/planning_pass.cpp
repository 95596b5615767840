// Learning anew what has got new history.

#include "services/catalog/stream_table_store.hpp"
#include "services/plans/plan_store.hpp"
#include "services/plans/planned.hpp"
#include "services/plans/plans.hpp"

#include <fmt/format.h>

#include <cmath>

namespace pgtrickle::plans {

using postgres::isolation;

namespace {

/// So many are learnt in one transaction: it holds their histories in memory.
constexpr std::size_t batch = 100;

/// A schedule is not changed by itself for less.
constexpr double worth_changing_pct = 10;

bool is_to_carry_out(const past_of_table& table, const recommendation& advice,
                     const planning_options& options) {
  if (!options.carry_out_from || table.mode == "IMMEDIATE" || !table.schedule)
    return false;
  const auto when = parse_schedule(table.schedule);
  return when && std::holds_alternative<interval>(*when)
         && advice.bound != interval_bound::none
         && advice.confidence >= *options.carry_out_from
         && std::abs(advice.delta_pct) >= worth_changing_pct;
}

kept_advice kept(const recommendation& advice) {
  return {advice.recommended_interval_seconds, advice.confidence,
          advice.reasoning};
}

struct planned_batch {
  std::size_t asked = 0;
  std::vector<rescheduled> changed;
};

planned_batch plan_batch(pqxx::dbtransaction& tx,
                         const planning_options& options, bool at_once,
                         std::size_t most, ownership fence) {
  planned_batch done;
  const auto ids = outdated(tx, options.began, at_once, most);
  done.asked = ids.size();
  if (ids.empty())
    return done;
  const auto pasts = planned_anew(tx, ids, options);
  for (const auto& [past, plan] : pasts)
    if (is_to_carry_out(past, plan.advice, options))
      done.changed.push_back(
        {past.name, set_schedule(tx, past.id, kept(plan.advice), true)});
  catalog::check_fence(tx, fence.epoch);
  return done;
}

} // namespace

result<planning_pass> bring_up_to_date(postgres::session& db,
                                       const planning_options& options,
                                       bool at_once, std::size_t most,
                                       ownership fence) {
  planning_pass pass;
  pass.has_more = true;
  while (pass.has_more && pass.planned < most) {
    const auto size = std::min(batch, most - pass.planned);
    auto done = db.run<planned_batch>(
      isolation::read_committed, [&](pqxx::dbtransaction& tx) {
        return plan_batch(tx, options, at_once, size, fence);
      });
    if (!done)
      return tl::unexpected(done.error());
    pass.planned += done->asked;
    pass.has_more = done->asked == size;
    std::ranges::move(done->changed, std::back_inserter(pass.changed));
  }
  return pass;
}

} // namespace pgtrickle::plans
