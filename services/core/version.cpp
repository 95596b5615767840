#include "services/core/version.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace pgtrickle {

namespace {

std::vector<int> numbers_of(std::string_view version) {
  std::vector<int> numbers;
  while (!version.empty()) {
    const auto end = std::min(version.find('.'), version.size());
    numbers.push_back(0);
    std::from_chars(version.data(), version.data() + end, numbers.back());
    version.remove_prefix(std::min(end + 1, version.size()));
  }
  while (!numbers.empty() && numbers.back() == 0)
    numbers.pop_back();
  return numbers;
}

} // namespace

bool is_newer(std::string_view one, std::string_view other) {
  return numbers_of(one) > numbers_of(other);
}

} // namespace pgtrickle
