#include "services/coordination/node_view.hpp"

namespace pgtrickle {

void node_view::heard(node_report report, time_point now) {
  forget_silent(now);
  auto name = report.node;
  if (nodes_.size() < max_nodes || nodes_.contains(name))
    nodes_.insert_or_assign(std::move(name),
                            node{std::move(report), now, true});
}

std::vector<node_view::node> node_view::nodes(time_point now) {
  forget_silent(now);
  std::vector<node> known;
  for (auto& [name, entry] : nodes_) {
    entry.is_up = now - entry.heard_at < down_after;
    known.push_back(entry);
  }
  return known;
}

void node_view::forget_silent(time_point now) {
  std::erase_if(nodes_, [&](const auto& known) {
    return now - known.second.heard_at > forgotten_after;
  });
}

} // namespace pgtrickle
