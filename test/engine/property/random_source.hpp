#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace pgtrickle::test {

/// Choices that a seed determines, the same on every machine.
class random_source {
public:
  explicit random_source(std::uint64_t seed) : engine_(seed) {}

  std::size_t below(std::size_t count) { return engine_() % count; }
  int between(int low, int high) {
    return low
           + static_cast<int>(below(static_cast<std::size_t>(high - low + 1)));
  }
  bool chance(int percent) { return between(1, 100) <= percent; }

  template <class T>
  const T& pick(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }

private:
  std::mt19937_64 engine_;
};

} // namespace pgtrickle::test
