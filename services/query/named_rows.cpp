#include "services/query/named_rows.hpp"

#include "services/query/parse_tree.hpp"
#include "services/query/sql_text.hpp"

namespace pgtrickle {

namespace {

/// The names of a reference; nothing if it holds a star or a subscript.
std::optional<std::vector<std::string>>
fields_of(const pg_query::ColumnRef& reference) {
  std::vector<std::string> fields;
  for (const auto& field : reference.fields()) {
    if (!field.has_string())
      return std::nullopt;
    fields.push_back(field.string().sval());
  }
  return fields;
}

} // namespace

std::optional<std::size_t>
named_rows::find(const pg_query::ColumnRef& reference) const {
  const auto fields = fields_of(reference);
  if (!fields || fields->empty() || fields->size() > 2)
    return std::nullopt;
  const bool bare = fields->size() == 1;
  if (!bare && fields->front().empty())
    return std::stoul(fields->back());
  std::optional<std::size_t> found;
  for (const auto merged : {true, false}) {
    for (const auto& binding : names) {
      const bool candidate = bare ? binding.alias.empty() == merged
                                  : !merged && binding.alias == fields->front();
      for (const auto& [name, at] : binding.columns) {
        if (!candidate || name != fields->back())
          continue;
        if (found)
          return std::nullopt;
        found = at;
      }
    }
    if (found)
      break;
  }
  return found;
}

std::optional<pg_query::Node>
named_rows::resolved(const pg_query::Node& expression) const {
  auto copy = expression;
  bool known = true;
  for_each_node(copy, [&](pg_query::Node& node) {
    if (node.has_sub_link())
      known = false;
    if (!node.has_column_ref())
      return known;
    if (const auto at = find(node.column_ref()))
      node = position(*at);
    else
      known = false;
    return false;
  });
  if (!known)
    return std::nullopt;
  return copy;
}

std::vector<binding> side_by_side(std::vector<binding> left,
                                  std::vector<binding> right,
                                  std::size_t width) {
  for (auto& binding : right) {
    for (auto& [name, at] : binding.columns)
      at += width;
    left.push_back(std::move(binding));
  }
  return left;
}

pg_query::Node reference_to(const std::string& alias,
                            const std::string& column) {
  pg_query::Node node;
  auto* reference = node.mutable_column_ref();
  if (!alias.empty())
    reference->add_fields()->mutable_string()->set_sval(alias);
  reference->add_fields()->mutable_string()->set_sval(column);
  return node;
}

pg_query::Node position(std::size_t index) {
  pg_query::Node node;
  auto* reference = node.mutable_column_ref();
  reference->add_fields()->mutable_string();
  reference->add_fields()->mutable_string()->set_sval(std::to_string(index));
  return node;
}

std::optional<std::size_t> position_of(const pg_query::Node& node) {
  if (!node.has_column_ref() || node.column_ref().fields_size() != 2
      || !node.column_ref().fields(0).has_string()
      || !node.column_ref().fields(0).string().sval().empty())
    return std::nullopt;
  return std::stoul(node.column_ref().fields(1).string().sval());
}

namespace {

pg_query::Node
with_positions(const pg_query::Node& expression,
               const std::function<pg_query::Node(std::size_t)>& written) {
  auto copy = expression;
  for_each_node(copy, [&](pg_query::Node& node) {
    const auto at = position_of(node);
    if (at)
      node = written(*at);
    return !at;
  });
  return copy;
}

} // namespace

std::string sql_of(const pg_query::Node& expression,
                   const place_column& place) {
  return to_sql(with_positions(expression, [&](std::size_t at) {
    const auto [alias, name] = place(at);
    return reference_to(alias, name);
  }));
}

std::string over_input(const pg_query::Node& expression) {
  return sql_of(expression, [](std::size_t at) {
    return std::pair{std::string{"i"}, column_name(at)};
  });
}

std::string over_pair(const pg_query::Node& expression, std::size_t width) {
  return sql_of(expression, [&](std::size_t at) {
    return at < width ? std::pair{std::string{"l"}, column_name(at)}
                      : std::pair{std::string{"r"}, column_name(at - width)};
  });
}

pg_query::Node moved(const pg_query::Node& expression, std::size_t distance) {
  return with_positions(
    expression, [&](std::size_t at) { return position(at + distance); });
}

} // namespace pgtrickle
