#include "services/scheduling/restart_policy.hpp"

namespace pgtrickle {

restart_decision restart_policy::died(time_point now, double random,
                                      cause because) {
  if (deaths_in_a_row_ > 0 && now - last_ >= limits_.quiet)
    deaths_in_a_row_ = 0;
  last_ = now;
  ++deaths_in_a_row_;

  recent_.push_back(now);
  while (now - recent_.front() >= limits_.period)
    recent_.pop_front();
  const auto deaths = static_cast<int>(recent_.size());
  const auto whole_group = deaths > limits_.intensity;
  // The group starts afresh: its first deaths concern single children again.
  if (whole_group)
    recent_.clear();
  const bool is_back = because == cause::lost_server && returned_
                       && now - *returned_ < limits_.return_period;
  return {limits_.delay.delay(is_back ? 1 : deaths_in_a_row_, random),
          whole_group};
}

std::chrono::milliseconds restart_policy::server_returned(time_point now,
                                                          double random) {
  returned_ = now;
  return std::chrono::duration_cast<std::chrono::milliseconds>(
    limits_.delay.initial * random);
}

} // namespace pgtrickle
