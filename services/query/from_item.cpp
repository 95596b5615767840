#include "services/query/from_item.hpp"

#include "services/query/planner.hpp"

namespace pgtrickle {

std::vector<std::string> names_of(const pg_query::SelectStmt& query,
                                  const pg_query::Alias& alias) {
  std::vector<std::string> names;
  for (const auto& name : alias.colnames())
    names.push_back(name.string().sval());
  const auto* first = &query;
  while (first->op() != pg_query::SETOP_NONE)
    first = &first->larg();
  for (int i = alias.colnames_size(); i < first->target_list_size(); ++i) {
    const auto& target = first->target_list(i).res_target();
    const auto& reference = target.val().column_ref();
    names.push_back(
      target.name().empty() && reference.fields_size() > 0
        ? reference.fields(reference.fields_size() - 1).string().sval()
        : target.name());
  }
  if (names.size() < width_of(query))
    throw uncovered{"VALUES without column names"};
  return names;
}

binding names_from(std::string alias, const std::vector<std::string>& names) {
  binding result{std::move(alias), {}};
  for (std::size_t i = 0; i < names.size(); ++i)
    result.columns.emplace_back(names[i], i);
  return result;
}

namespace {

item_query query_of(const pg_query::RangeSubselect& range) {
  const auto& query = range.subquery().select_stmt();
  return {query, names_from(range.alias().aliasname(),
                            names_of(query, range.alias()))};
}

item_query query_of(const pg_query::RangeFunction& range) {
  std::vector<std::string> names;
  for (const auto& name : range.alias().colnames())
    names.push_back(name.string().sval());
  for (const auto& definition : range.coldeflist())
    names.push_back(definition.column_def().colname());
  if (names.empty())
    throw uncovered{"a function in FROM without column names"};
  item_query result;
  result.query.set_limit_option(pg_query::LIMIT_OPTION_DEFAULT);
  result.query.set_op(pg_query::SETOP_NONE);
  for (const auto& name : names)
    *result.query.add_target_list()->mutable_res_target()->mutable_val()
      = reference_to(range.alias().aliasname(), name);
  auto* item = result.query.add_from_clause()->mutable_range_function();
  *item = range;
  item->set_lateral(false);
  result.names = names_from(range.alias().aliasname(), names);
  return result;
}

} // namespace

item_query query_of_item(const pg_query::Node& item) {
  if (item.has_range_function())
    return query_of(item.range_function());
  if (item.has_range_subselect())
    return query_of(item.range_subselect());
  throw uncovered{"a join that reads the rows before it"};
}

} // namespace pgtrickle
