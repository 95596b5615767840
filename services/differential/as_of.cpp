#include "services/differential/as_of.hpp"

#include "services/differential/relations.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

namespace {

/// Puts what each source was in the place of its scans.
class rewound_scans {
public:
  rewound_scans(const refresh_program& program, const std::string& beyond)
    : program_(program), beyond_(beyond) {}

  /// Whether all of `plan` reads captured sources.
  bool visit(const plan& plan) {
    if (const auto* source = std::get_if<scan>(&plan.node))
      return rewind(plan, *source);
    if (const auto* whole = std::get_if<opaque>(&plan.node))
      return whole->tables.empty();
    const auto inputs = inputs_of(plan);
    return std::ranges::all_of(
      inputs, [this](const plan_ptr& input) { return visit(*input); });
  }

  [[nodiscard]] const stored_rows& rows() const { return rows_; }

private:
  bool rewind(const plan& plan, const scan& source) {
    const auto entry
      = std::ranges::find(program_.sources, source.table, &source_delta::table);
    if (entry == program_.sources.end() || entry->view.empty())
      return false;
    const auto width = plan.columns.size();
    const auto columns = column_list("", width);
    const auto now = fmt::format(
      "(SELECT {}{}1 AS __weight FROM {} s UNION ALL SELECT {}{}-__weight "
      "FROM {} b WHERE {})",
      columns, width == 0 ? "" : ", ", current(plan), columns,
      width == 0 ? "" : ", ", entry->view, beyond_);
    rows_[&plan] = fmt::format(
      "(SELECT {} FROM {} k, pg_catalog.generate_series(1, k.__weight))",
      column_list("k", width), consolidated(now, plan.columns));
    return true;
  }

  const refresh_program& program_;
  const std::string& beyond_;
  stored_rows rows_;
};

} // namespace

std::optional<std::string> rows_as_of(const plan& root,
                                      const refresh_program& program,
                                      const std::string& beyond) {
  rewound_scans scans{program, beyond};
  if (!scans.visit(root))
    return std::nullopt;
  return current(root, scans.rows());
}

} // namespace pgtrickle
