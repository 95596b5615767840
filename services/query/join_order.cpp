#include "services/query/join_order.hpp"

#include <algorithm>
#include <cmath>

namespace pgtrickle {

namespace {

bool covers(const std::set<std::size_t>& columns,
            const std::vector<std::size_t>& key) {
  return !key.empty() && std::ranges::all_of(key, [&](auto k) {
    return columns.contains(k);
  });
}

} // namespace

join_order::join_order(std::vector<leaf> leaves)
  : leaves_(std::move(leaves)),
    equated_(leaves_.size(),
             std::vector<std::set<std::size_t>>(leaves_.size())) {}

void join_order::equate(std::size_t leaf, std::size_t column,
                        std::size_t other) {
  equated_[leaf][other].insert(column);
}

/// Whether a row of `leaf` finds at most one of `other`.
bool join_order::refers(std::size_t leaf, std::size_t other) const {
  return covers(equated_[other][leaf], leaves_[other].key);
}

/// Whether a row of those that are `done` finds at most one of `leaf`.
bool join_order::is_found(std::size_t leaf,
                          const std::vector<bool>& done) const {
  std::set<std::size_t> columns;
  for (std::size_t i = 0; i < leaves_.size(); ++i)
    if (done[i])
      columns.insert(equated_[leaf][i].begin(), equated_[leaf][i].end());
  return covers(columns, leaves_[leaf].key);
}

bool join_order::is_linked(std::size_t leaf,
                           const std::vector<bool>& done) const {
  return std::ranges::any_of(links_, [&](const auto& link) {
    if (!link[leaf])
      return false;
    for (std::size_t i = 0; i < leaves_.size(); ++i)
      if (link[i] && i != leaf && !done[i])
        return false;
    return true;
  });
}

/// The longest way down from a leaf over those that it refers to: a table that
/// refers to others is larger than they are.
std::size_t join_order::height(std::size_t leaf,
                               std::vector<bool> above) const {
  above[leaf] = true;
  std::size_t most = 0;
  for (std::size_t i = 0; i < leaves_.size(); ++i)
    if (!above[i] && refers(leaf, i) && !refers(i, leaf))
      most = std::max(most, 1 + height(i, above));
  return most;
}

/// The lighter, the better to begin with, of leaves with conditions: what
/// leaves a small share of the rows, and is small itself. Where sizes are not
/// known, what refers to others counts as larger.
std::vector<double> join_order::weights() const {
  const bool known = std::ranges::all_of(
    leaves_, [](const auto& leaf) { return leaf.share >= 1 || leaf.rows > 0; });
  std::vector<double> result;
  for (std::size_t i = 0; i < leaves_.size(); ++i)
    result.push_back(
      leaves_[i].share
      * (known ? std::log2(2 + leaves_[i].rows)
               : std::pow(1000, height(i, std::vector<bool>(leaves_.size())))));
  return result;
}

std::size_t join_order::first() const {
  const auto weight = weights();
  std::size_t best = leaves_.size();
  for (std::size_t i = 0; i < leaves_.size(); ++i)
    if (leaves_[i].share < 1
        && (best == leaves_.size() || weight[i] < weight[best]))
      best = i;
  return best == leaves_.size() ? 0 : best;
}

/// The lower, the sooner: a leaf that makes no more rows, one that refers to
/// what is there, one that pairs many with many, one without any condition.
int join_order::rank(std::size_t leaf, const std::vector<bool>& done) const {
  if (!is_linked(leaf, done))
    return 6;
  const bool filtered = leaves_[leaf].share < 1;
  if (is_found(leaf, done))
    return filtered ? 0 : 1;
  for (std::size_t i = 0; i < leaves_.size(); ++i)
    if (done[i] && refers(leaf, i))
      return filtered ? 2 : 3;
  return filtered ? 4 : 5;
}

std::size_t join_order::next(const std::vector<bool>& done) const {
  std::size_t best = leaves_.size();
  int least = 0;
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    if (done[i])
      continue;
    const auto own = rank(i, done);
    if (best == leaves_.size() || own < least) {
      best = i;
      least = own;
    }
  }
  return best;
}

} // namespace pgtrickle
