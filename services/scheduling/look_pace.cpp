#include "services/scheduling/look_pace.hpp"

#include <algorithm>

namespace pgtrickle {

void look_pace::await(std::set<oid> sources) { awaited_ = std::move(sources); }

void look_pace::looked(std::span<const oid> touched) {
  const auto any = std::any_of(touched.begin(), touched.end(), [&](oid source) {
    return awaited_.contains(source);
  });
  current_ = any ? shortest : std::min(2 * current_, longest);
}

look_pace::milliseconds look_pace::next(milliseconds usual) const {
  return awaited_.empty() ? usual : std::min(usual, current_);
}

} // namespace pgtrickle
