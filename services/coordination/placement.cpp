#include "services/coordination/placement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <sstream>

namespace pgtrickle {

namespace {

constexpr std::string_view prefix = "pgtrickle ";

/// FNV-1a, and the finalizer of splitmix64: the low bits of the former alone
/// are too alike for names that differ in their last character.
std::uint64_t hash_of(std::string_view node, oid database) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto take = [&](std::string_view text) {
    for (const unsigned char c : text)
      hash = (hash ^ c) * 0x100000001b3;
  };
  const fmt::format_int number{database};
  take(node);
  take("/");
  take({number.data(), number.size()});
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

double claim_of(const node_presence& node, oid database) {
  // In (0, 1).
  const auto uniform
    = (static_cast<double>(hash_of(node.node, database) >> 11) + 0.5) / 0x1p53;
  return static_cast<double>(node.capacity) / -std::log(uniform);
}

bool is_leaving(const std::vector<node_presence>& nodes,
                std::string_view name) {
  return std::ranges::any_of(nodes, [&](const auto& node) {
    return node.node == name && node.is_leaving;
  });
}

} // namespace

// -- how nodes show themselves ------------------------------------------------

std::string presence_text(const node_presence& node) {
  return fmt::format("{}node@{} {}{}{}", prefix, node.node, node.capacity,
                     node.is_deaf ? " deaf" : "",
                     node.is_leaving ? " leaving" : "");
}

std::optional<node_presence> parse_presence(std::string_view text) {
  const auto at = text.find('@');
  if (!text.starts_with(prefix) || at == std::string_view::npos)
    return std::nullopt;
  std::istringstream words{std::string{text.substr(at + 1)}};
  node_presence node;
  words >> node.node;
  for (std::string word; words >> word;)
    if (word == "deaf")
      node.is_deaf = true;
    else if (word == "leaving")
      node.is_leaving = true;
    else
      std::from_chars(word.data(), word.data() + word.size(), node.capacity);
  if (node.node.empty() || node.capacity < 1)
    return std::nullopt;
  return node;
}

// -- whose a database should be -----------------------------------------------

std::vector<std::string> ranking(const std::vector<node_presence>& nodes,
                                 oid database) {
  std::vector<std::pair<double, std::string>> claims;
  for (const auto& node : nodes)
    claims.emplace_back(claim_of(node, database), node.node);
  std::ranges::sort(claims, std::greater<>{});
  std::vector<std::string> names;
  std::ranges::transform(claims, std::back_inserter(names),
                         &std::pair<double, std::string>::second);
  return names;
}

namespace {

/// The first of the ranking; empty: there are no nodes.
std::string_view first_of(const std::vector<node_presence>& nodes,
                          oid database) {
  std::pair<double, std::string_view> first;
  for (const auto& node : nodes)
    first = std::max(first, {claim_of(node, database), node.node});
  return first.second;
}

} // namespace

const std::vector<node_presence>&
placement::candidates(std::string_view owner) {
  const auto known = candidates_.find(owner);
  return known != candidates_.end()
           ? known->second
           : candidates_.emplace(owner, find_candidates(owner)).first->second;
}

/// Those who live, stay, and have been there long enough; `owner`, if it is
/// one of those who live and stay, was. Who hears calls comes before who
/// doesn't.
std::vector<node_presence>
placement::find_candidates(std::string_view owner) const {
  std::vector<node_presence> there;
  std::ranges::copy_if(seen_.nodes, std::back_inserter(there),
                       [&](const auto& node) {
                         return node.silent_for < lease_ && !node.is_leaving;
                       });
  const auto narrow = [&](const auto& condition) {
    if (std::ranges::any_of(there, condition))
      std::erase_if(there, [&](const auto& node) { return !condition(node); });
  };
  narrow([&](const auto& node) {
    const auto& [is_deaf, since] = hearings_.at(node.node);
    const auto is_settled = since <= now_ - hearing_settles;
    return node.node == owner ? !is_deaf || !is_settled
                              : !is_deaf && is_settled;
  });
  narrow([&](const auto& node) {
    return node.node == owner || node.present_for >= lease_;
  });
  return there;
}

void placement::observe(cluster_situation seen, time_point now) {
  seen_ = std::move(seen);
  now_ = now;
  candidates_.clear();
  listen();
}

void placement::listen() {
  std::map<std::string, hearing> current;
  for (const auto& node : seen_.nodes) {
    const auto known = hearings_.find(node.node);
    if (known == hearings_.end())
      current[node.node] = {node.is_deaf};
    else if (known->second.is_deaf == node.is_deaf)
      current.insert(*known);
    else
      current[node.node] = {node.is_deaf, now_};
  }
  hearings_ = std::move(current);
}

bool placement::has_heirs() const {
  return std::ranges::any_of(seen_.nodes, [&](const auto& node) {
    return node.node != self_ && node.silent_for < lease_ && !node.is_leaving;
  });
}

stance placement::decide(oid database, bool is_serving) {
  static const database_tenure of_none;
  const auto found = seen_.tenures.find(database);
  const auto& tenure = found == seen_.tenures.end() ? of_none : found->second;
  if (tenure.owner.empty() || tenure.owner_silent_for >= lease_)
    return of_nobody(database, is_serving);
  unowned_since_.erase(database);
  if (tenure.owner == self_)
    return of_own(database, tenure);
  return first_of(candidates(tenure.owner), database) == self_
           ? stance::serve
           : stance::stay_away;
}

/// Only to who already waits: a database is not let go of in the hope that
/// someone comes.
stance placement::of_own(oid database, const database_tenure& tenure) {
  const std::string first{first_of(candidates(self_), database)};
  return first != self_ && tenure.waiting.contains(first) ? stance::hand_over
                                                          : stance::serve;
}

/// The next in rank steps in when those before it don't.
stance placement::of_nobody(oid database, bool is_serving) {
  const auto since = unowned_since_.try_emplace(database, now_).first->second;
  if (is_leaving(seen_.nodes, self_))
    return stance::stay_away;
  if (is_serving)
    return stance::serve;
  const auto ranked = ranking(candidates({}), database);
  const auto rank = std::ranges::find(ranked, self_) - ranked.begin();
  if (rank == std::ssize(ranked))
    return stance::stay_away;
  return now_ - since >= rank * precedence ? stance::serve : stance::stay_away;
}

} // namespace pgtrickle
