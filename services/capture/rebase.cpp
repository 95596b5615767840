#include "services/capture/rebase.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>

namespace pgtrickle {

namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || read != end)
    return std::nullopt;
  return value;
}

/// Takes `text` up to `mark` off it, and the mark.
std::string_view part_before(char mark, std::string_view& text) {
  const auto length = std::min(text.find(mark), text.size());
  const auto part = text.substr(0, length);
  text.remove_prefix(std::min(length + 1, text.size()));
  return part;
}

/// A pg_snapshot: xmin:xmax:xip,…
struct snapshot {
  std::uint64_t xmin = 0;
  std::uint64_t xmax = 0;
  std::set<std::uint64_t> xip;
};

std::optional<snapshot> parse(std::string_view text) {
  snapshot parsed;
  const auto xmin = number(part_before(':', text));
  const auto xmax = number(part_before(':', text));
  if (!xmin || !xmax)
    return std::nullopt;
  parsed.xmin = *xmin;
  parsed.xmax = *xmax;
  while (!text.empty()) {
    const auto xid = number(part_before(',', text));
    if (!xid)
      return std::nullopt;
    parsed.xip.insert(*xid);
  }
  return parsed;
}

/// Where a set of unseen transactions may begin or end.
std::set<std::uint64_t>
borders_of(const std::vector<unseen_transactions>& frontiers) {
  std::set<std::uint64_t> borders{0};
  const auto add = [&](std::uint64_t xid) {
    borders.insert(xid);
    borders.insert(xid + 1);
  };
  for (const auto& frontier : frontiers) {
    borders.insert(frontier.later);
    std::ranges::for_each(frontier.open, add);
    if (frontier.own)
      add(*frontier.own);
  }
  return borders;
}

change_class class_of(std::uint64_t xid,
                      const std::vector<unseen_transactions>& frontiers) {
  change_class found;
  for (std::size_t i = 0; i < frontiers.size(); ++i)
    if (frontiers[i].contains(xid))
      found.readers.insert(i);
  return found;
}

} // namespace

std::optional<unseen_transactions> unseen_by(const frontier& since) {
  const auto seen = parse(since.snapshot);
  if (!seen)
    return std::nullopt;
  unseen_transactions beyond{seen->xmax, seen->xip, {}};
  if (since.own_xid) {
    beyond.own = number(*since.own_xid);
    if (!beyond.own)
      return std::nullopt;
  }
  return beyond;
}

classification classify(const std::vector<unseen_transactions>& frontiers) {
  classification result;
  change_class everybody;
  for (std::size_t i = 0; i < frontiers.size(); ++i)
    everybody.readers.insert(i);
  result.classes.push_back(everybody);
  std::map<change_class, std::size_t> places{{everybody, 0}};
  const auto borders = borders_of(frontiers);
  for (auto border = borders.begin(); border != borders.end(); ++border) {
    const auto next = std::next(border);
    auto found = class_of(*border, frontiers);
    if (found.readers.empty())
      continue;
    const auto [known, is_new]
      = places.try_emplace(found, result.classes.size());
    if (is_new)
      result.classes.push_back(std::move(found));
    const auto to = next == borders.end() ? std::nullopt
                                          : std::optional<std::uint64_t>{*next};
    auto& ranges = result.ranges;
    if (!ranges.empty() && ranges.back().to == *border
        && ranges.back().in_class == known->second)
      ranges.back().to = to;
    else
      ranges.push_back({*border, to, known->second});
  }
  return result;
}

frontier without(const std::string& present,
                 const std::set<std::uint64_t>& unseen) {
  auto seen = parse(present).value_or(snapshot{});
  seen.xip.insert(unseen.begin(), unseen.end());
  if (!unseen.empty())
    seen.xmin = std::min(seen.xmin, *unseen.begin());
  return {
    fmt::format("{}:{}:{}", seen.xmin, seen.xmax, fmt::join(seen.xip, ",")),
    std::nullopt};
}

} // namespace pgtrickle
