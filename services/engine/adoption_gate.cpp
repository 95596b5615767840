#include "services/engine/adoption_gate.hpp"

namespace pgtrickle::engine {

bool adoption_gate::opens(const restore_progress& seen, time now) {
  if (!first_seen_)
    first_seen_ = now;
  if (!seen.restoring.empty()) {
    restoring_at_ = now;
    return false;
  }
  if (restoring_at_ && now - *restoring_at_ < pause)
    return false;
  return seen.incomplete == 0
         || now - restoring_at_.value_or(*first_seen_) >= patience;
}

} // namespace pgtrickle::engine
