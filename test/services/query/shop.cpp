#include "shop.hpp"

#include "services/query/parse_tree.hpp"
#include "services/query/sql_text.hpp"

namespace pgtrickle::shop {

namespace {

int width(const pg_query::SelectStmt& query) {
  if (query.op() != pg_query::SETOP_NONE)
    return width(query.larg());
  const auto& first = query.target_list(0).res_target().val();
  if (!first.has_column_ref() || !first.column_ref().fields(0).has_a_star())
    return query.target_list_size();
  const auto& from = query.from_clause(0).range_subselect();
  return from.alias().colnames_size() > 0
           ? from.alias().colnames_size()
           : width(from.subquery().select_stmt());
}

} // namespace

query_facts facts() {
  query_facts result;
  result.relations[{"public", "orders"}]
    = {.id = orders,
       .name = "public.orders",
       .columns = {{1, "id", whole_number},
                   {2, "customer", whole_number},
                   {4, "amount", money},
                   {5, "note", words}},
       .key = {0},
       .tables = {orders}};
  result.relations[{"public", "customers"}]
    = {.id = customers,
       .name = "public.customers",
       .columns
       = {{1, "id", whole_number}, {2, "name", words}, {3, "extra", document}},
       .key = {0},
       .tables = {customers}};
  result.relations[{"public", "late_orders"}]
    = {.id = late_orders,
       .name = "public.late_orders",
       .kind = 'v',
       .columns = {{1, "id", whole_number}},
       .key = {},
       .tables = {orders}};
  for (const auto* name : {"avg", "count", "max", "percentile_cont", "stddev",
                           "string_agg", "sum"})
    result.functions.push_back({"pg_catalog", name, 'i', 'a'});
  result.functions.push_back({"public", "median", 'i', 'a'});
  result.functions.push_back({"pg_catalog", "row_number", 'i', 'w'});
  result.functions.push_back({"pg_catalog", "generate_series", 'i', 'f', true});
  return result;
}

describe_query describe_as_bigint() {
  return [](const std::string& query) {
    const auto tree = parse_select(query);
    return std::vector<column>(
      static_cast<std::size_t>(width(tree.value())),
      {.type = "bigint", .eq = equality::exact, .indexable = true});
  };
}

plan_ptr plan_of(const std::string& sql) {
  return build_plan(parse_select(sql).value(), facts(), describe_as_bigint())
    .value();
}

std::string plan_text(const std::string& sql) {
  return "\n" + to_text(*plan_of(sql));
}

std::string opaque_parts(const std::string& sql) {
  return joined(opaque_reasons(*plan_of(sql)), "; ");
}

} // namespace pgtrickle::shop
