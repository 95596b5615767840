#include "test/engine/property/coverage.hpp"

#include <set>
#include <sstream>

namespace pgtrickle::test {

namespace {

/// An operator's line in a shape begins with its name.
constexpr auto names = {"scan",
                        "filter",
                        "project",
                        "inner join",
                        "left join",
                        "right join",
                        "full join",
                        "semi join",
                        "anti join",
                        "aggregate by []",
                        "aggregate by",
                        "distinct",
                        "union all",
                        "window by []",
                        "window by",
                        "first",
                        "lateral",
                        "left lateral",
                        "recursive union all",
                        "recursive union",
                        "opaque"};

} // namespace

coverage::coverage() {
  for (const auto* name : names)
    operators_[name] = 0;
}

void coverage::add(const std::string& shape) {
  std::set<std::string> found;
  std::istringstream lines{shape};
  for (std::string line; std::getline(lines, line);)
    for (const auto* name : names)
      if (line.starts_with(name)) {
        found.insert(name);
        break;
      }
  for (const auto& name : found)
    ++operators_[name];
}

} // namespace pgtrickle::test
