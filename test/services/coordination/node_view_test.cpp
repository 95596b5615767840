#include "services/coordination/node_listing.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace pgtrickle;
using namespace std::chrono_literals;

namespace {

const node_view::time_point start{};

node_report report(const std::string& node) { return {node, "1", {}, {}, {}}; }

} // namespace

TEST_CASE("a silent node goes down and is forgotten later") {
  node_view view;
  view.heard(report("a"), start);
  CHECK(view.nodes(start + 4s).front().is_up);
  CHECK_FALSE(view.nodes(start + 5s).front().is_up);
  CHECK(view.nodes(start + 11min).empty());
}

TEST_CASE("invented nodes can't fill the memory") {
  node_view view;
  for (std::size_t i = 0; i < node_view::max_nodes + 10; ++i)
    view.heard(report(std::to_string(i)), start);
  CHECK(view.nodes(start).size() == node_view::max_nodes);
}

TEST_CASE("the listing is JSON whatever the names are") {
  node_view view;
  auto odd = report("a\"\xff");
  odd.databases.push_back({5, "x\"y", 1, 2, 3, 4});
  view.heard(odd, start);
  const auto listing = nlohmann::json::parse(to_json(view.nodes(start)));
  CHECK(listing[0]["databases"][0]["name"] == "x\"y");
}
