#include "emission.hpp"

#include "services/query/sql_text.hpp"

#include <cctype>
#include <regex>

namespace pgtrickle {

namespace {

column integer(bool not_null) {
  return {.type = "integer",
          .eq = equality::exact,
          .indexable = true,
          .not_null = not_null};
}

plan_ptr scan_of(scan node, std::vector<std::size_t> key) {
  std::vector<column> columns;
  for (const auto& column : node.columns)
    columns.push_back(column.facts);
  return std::make_shared<const plan>(
    plan{std::move(node), std::move(columns), std::move(key)});
}

void replace_all(std::string& text, const std::string& what,
                 const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

/// Marks of text variables, and the pieces of text around them, are undone.
void name_changes(std::string& text, const delta& changes,
                  const std::string& table) {
  auto variable = changes.relation;
  std::erase_if(variable, [](unsigned char c) { return std::iscntrl(c) != 0; });
  if (variable != changes.relation)
    replace_all(text, "' || " + variable + " || '", "Δ" + table);
  replace_all(text, changes.relation, "Δ" + table);
  text = std::regex_replace(
    text, std::regex{"\\b" + changes.counts.at(0) + "\\b"}, "#" + table);
}

std::string laid_out(std::string text) {
  const std::pair<const char*, const char*> rules[] = {
    {R"(pg_temp\.pgt_7_\d+_)", ""},
    {R"(pgtrickle_state\.(\w+?)_7_\d+)", "state.$1"},
    {" (FROM|LEFT JOIN|JOIN|WHERE|GROUP BY|WHEN( NOT)? MATCHED) ",
     "\n      $1 "},
    {" UNION ALL ", "\n      UNION ALL\n      "},
    {R"((DISTINCT|DELETE)\n +FROM)", "$1 FROM"},
  };
  for (const auto& [pattern, replacement] : rules)
    text = std::regex_replace(text, std::regex{pattern}, replacement);
  return text;
}

} // namespace

plan_ptr scan_of_orders() {
  return scan_of({.table = 100,
                  .name = "public.orders",
                  .columns = {{2, "customer", integer(true)},
                              {4, "amount", integer(false)}}},
                 {});
}

plan_ptr scan_of_customers() {
  return scan_of({.table = 200,
                  .name = "public.customers",
                  .columns = {{1, "id", integer(true)}}},
                 {0});
}

plan_ptr node_of(operation node, std::size_t columns) {
  return std::make_shared<const plan>(
    plan{std::move(node), std::vector<column>(columns, integer(true))});
}

bool emission::has(const std::string& text) const {
  return lines.find(text) != std::string::npos;
}

emission emission_of(const plan& root) {
  const program_target target{stream_table_id{7}, "public.kept", {}};
  program_builder program{target};
  const auto orders = program.differentiate(*scan_of_orders());
  const auto customers = program.differentiate(*scan_of_customers());
  (void)program.take_lines();
  const auto readable = [&](std::string text) {
    name_changes(text, orders, "orders");
    name_changes(text, customers, "customers");
    return laid_out(std::move(text));
  };
  const auto changes = program.differentiate(root);
  emission result{
    "\n" + readable(program.take_lines()), readable(changes.relation), {}};
  for (const auto& count : changes.counts)
    result.counts.push_back(readable(count));
  return result;
}

} // namespace pgtrickle
