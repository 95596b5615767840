#include "services/capture/frontier.hpp"

#include <fmt/format.h>

namespace pgtrickle {

namespace {

struct snapshot_parts {
  std::string xmax;
  std::string xip;
};

snapshot_parts parts_of(const std::string& snapshot) {
  const auto first = snapshot.find(':');
  const auto second = snapshot.find(':', first + 1);
  return {snapshot.substr(first + 1, second - first - 1),
          snapshot.substr(second + 1)};
}

} // namespace

std::string beyond(const frontier& since) {
  const auto parts = parts_of(since.snapshot);
  auto condition = fmt::format("__xid >= '{}'::xid8", parts.xmax);
  if (!parts.xip.empty())
    condition = fmt::format("({} OR __xid = ANY ('{{{}}}'::xid8[]))", condition,
                            parts.xip);
  if (since.own_xid)
    condition += fmt::format(" AND __xid <> '{}'::xid8", *since.own_xid);
  return condition;
}

std::string first_unseen(const frontier& since) {
  return parts_of(since.snapshot).xmax;
}

std::string open_in(const frontier& since) {
  return "{" + parts_of(since.snapshot).xip + "}";
}

} // namespace pgtrickle
