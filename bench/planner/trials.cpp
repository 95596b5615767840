#include "bench/planner/trials.hpp"

namespace pgtrickle::bench {

planner_rules rules_of_trials() {
  planner_rules rules;
  rules.time_zone = trace_zone;
  rules.spare = 1;
  return rules;
}

schedule schedule_of(const workload& kind) {
  return parse_schedule(kind.schedule_text, {{}, trace_zone}).value();
}

simulation learnt(const trace& of) {
  simulation table{of, schedule_of(of.kind())};
  while (table.now() < learning_days * 86400)
    static_cast<void>(table.next());
  return table;
}

} // namespace pgtrickle::bench
