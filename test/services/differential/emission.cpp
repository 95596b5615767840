#include "emission.hpp"

#include "services/query/sql_text.hpp"

#include <cctype>
#include <regex>
#include <sstream>

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
  const auto shown = "' || " + variable + " || '";
  const auto& count = changes.counts.at(0);
  // Read in place: counted by what the program is told, as others may ask it.
  if (!changes.window.empty() && text.find(shown) != std::string::npos)
    replace_all(text, count, "#" + table);
  if (variable != changes.relation)
    replace_all(text, shown, "Δ" + table);
  replace_all(text, changes.relation, "Δ" + table);
  if (changes.window.empty())
    text = std::regex_replace(text, std::regex{"\\b" + count + "\\b"},
                              "#" + table);
}

/// The program's calls as the statements that they make; what is staged goes
/// by its last name, and its number by that and a #.
std::string as_statements(std::string text) {
  const std::regex staged{
    R"((n\d+|#\w+) := pgtrickle\._stage\w*\('pgt_7_\d+_(\w+)', 'SELECT [^(]*? FROM (.*) d\([^)]*\)', (?:kept|CASE [^\n]*)\);\n *(t\d+) := [^\n]*;)"};
  std::smatch found;
  while (std::regex_search(text, found, staged)) {
    const auto count = found.str(1);
    const auto name = found.str(2);
    const auto variable = found.str(4);
    text = found.prefix().str() + "STAGE " + name + " AS " + found.str(3) + ";"
           + found.suffix().str();
    replace_all(text, "' || " + variable + " || '", name);
    replace_all(text, '\0' + variable + '\0', name);
    text
      = std::regex_replace(text, std::regex{"\\b" + count + "\\b"}, "#" + name);
  }
  const std::pair<const char*, const char*> rules[] = {
    {R"(n := pgtrickle\._run\('(.*)', (kept|false)\);)", "RUN $1;"},
    {R"((\w+) := pgtrickle\._number\('(.*)', kept\);)", "$1 := ($2);"},
    // A statement that is a variable's text and nothing else.
    {R"(AS ' \|\| (t\d+) \|\| ';)", "AS $1;"},
    {R"(\('' \|\| (t\d+) \|\| '')", "($1"},
    {R"( \|\| '';)", ";"},
  };
  for (const auto& [pattern, replacement] : rules)
    text = std::regex_replace(text, std::regex{pattern}, replacement);
  return text;
}

std::string laid_out(std::string text) {
  const std::pair<const char*, const char*> rules[] = {
    {R"(pgtrickle_state\.(\w+?)_7_\d+)", "state.$1"},
    {R"(pg_temp\.pgt_7_\d+_(\w+))", "$1"},
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
  const auto changes = program.differentiate(root);
  const auto orders_in_place = program.added_up(*scan_of_orders());
  const auto customers_in_place = program.added_up(*scan_of_customers());
  // In one text, so that what is staged has the same name everywhere.
  constexpr char end = '\1';
  auto text = program.take_lines() + end + changes.relation + end
              + joined(changes.counts, std::string{end});
  name_changes(text, orders, "orders");
  name_changes(text, customers, "customers");
  name_changes(text, orders_in_place, "orders");
  name_changes(text, customers_in_place, "customers");
  std::istringstream parts{laid_out(as_statements(std::move(text)))};
  emission result;
  std::getline(parts, result.lines, end);
  result.lines.insert(0, "\n");
  std::getline(parts, result.relation, end);
  for (std::string count; std::getline(parts, count, end);)
    result.counts.push_back(count);
  return result;
}

} // namespace pgtrickle
