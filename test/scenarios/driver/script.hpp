#pragma once

#include "test/scenarios/driver/action.hpp"
#include "test/scenarios/driver/choice.hpp"

namespace pgtrickle::test::driver {

/// How large the world is.
struct extent {
  int nodes = 1;
  int clients = 3;
  std::vector<std::string> databases{"one", "two"};
};

/// The steps that follow from a seed, without an end.
class script {
public:
  script(unsigned seed, extent size) : choice_(seed), size_(std::move(size)) {}

  [[nodiscard]] action next();

  /// Steps up to the next quiet point.
  [[nodiscard]] int round_length() { return choice_.between(15, 60); }

private:
  action fault_step();
  action user_step();

  choice choice_;
  extent size_;
  /// What brings back what a fault took away, and after how many steps.
  struct remedy {
    int steps_left;
    action step;
  };
  std::vector<remedy> remedies_;
};

} // namespace pgtrickle::test::driver
