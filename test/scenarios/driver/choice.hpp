#pragma once

#include <random>
#include <string>
#include <vector>

namespace pgtrickle::test::driver {

/// Random choices that are the same on every machine, which those of
/// std::uniform_int_distribution are not.
class choice {
public:
  explicit choice(unsigned seed) : source_(seed) {}

  [[nodiscard]] int below(int limit) {
    return static_cast<int>(source_() % static_cast<unsigned>(limit));
  }
  [[nodiscard]] int between(int least, int most) {
    return least + below(most - least + 1);
  }
  [[nodiscard]] bool one_in(int n) { return below(n) == 0; }
  [[nodiscard]] std::string number(int least, int most) {
    return std::to_string(between(least, most));
  }
  template <class T>
  [[nodiscard]] const T& of(const std::vector<T>& several) {
    return several[static_cast<std::size_t>(
      below(static_cast<int>(several.size())))];
  }

private:
  std::mt19937 source_;
};

} // namespace pgtrickle::test::driver
