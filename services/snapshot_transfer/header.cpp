#include "services/snapshot_transfer/header.hpp"

#include "services/query/sql_text.hpp"
#include "services/snapshot_transfer/json_members.hpp"

#include <fmt/format.h>

namespace pgtrickle::snapshot_transfer {

namespace {

using nlohmann::json;

constexpr std::int64_t comment_version = 1;

json json_of(const qualified_name& name) {
  return {{"schema", name.schema}, {"name", name.name}};
}

std::optional<qualified_name> name_in(const json& object) {
  if (!object.is_object())
    return std::nullopt;
  auto schema = string_member(object, "schema");
  auto name = string_member(object, "name");
  if (!schema || !name)
    return std::nullopt;
  return qualified_name{std::move(*schema), std::move(*name)};
}

json json_of(const snapshot_column& column) {
  json object{{"name", column.name}, {"type", column.type}};
  if (column.collation)
    object["collation"] = json_of(*column.collation);
  return object;
}

std::optional<snapshot_column> column_in(const json& object) {
  if (!object.is_object())
    return std::nullopt;
  auto name = string_member(object, "name");
  auto type = string_member(object, "type");
  if (!name || !type)
    return std::nullopt;
  snapshot_column column{std::move(*name), std::move(*type), std::nullopt};
  if (object.contains("collation")) {
    column.collation = name_in(object["collation"]);
    if (!column.collation)
      return std::nullopt;
  }
  return column;
}

std::optional<std::vector<snapshot_column>> columns_in(const json& object) {
  const auto found = object.find("columns");
  if (found == object.end() || !found->is_array())
    return std::nullopt;
  std::vector<snapshot_column> columns;
  for (const auto& element : *found) {
    auto column = column_in(element);
    if (!column)
      return std::nullopt;
    columns.push_back(std::move(*column));
  }
  return columns;
}

} // namespace

std::string qualified_name::text() const {
  return pgtrickle::quoted(schema) + "." + pgtrickle::quoted(name);
}

result<snapshot_comment> read_comment(std::string_view table,
                                      const std::string& text) {
  const auto object = object_in(text);
  const auto version = object ? integer_member(*object, "pgtrickle_snapshot")
                              : std::optional<std::int64_t>{};
  if (!version)
    return fail(errc::snapshot_source_not_found,
                fmt::format("{} is not a snapshot", table),
                "A snapshot is known by the comment on its table; pgtricklectl "
                "snapshot list shows those of a database.");
  if (*version > comment_version)
    return fail(errc::snapshot_schema_version_mismatch,
                fmt::format("{} is a snapshot of version {}", table, *version),
                "Use the pgtricklectl that belongs to the pgtrickle that made "
                "it, or a later one.");
  auto count = integer_member(*object, "row_count");
  auto hash = string_member(*object, "content_hash");
  if (!count || !hash)
    return fail(
      errc::snapshot_corrupt,
      fmt::format("the comment of {} lacks row_count or content_hash", table),
      "Take the snapshot again.");
  return snapshot_comment{text, *count, std::move(*hash)};
}

std::string header_text(const snapshot_header& header) {
  auto columns = json::array();
  for (const auto& column : header.columns)
    columns.push_back(json_of(column));
  const json object{{"snapshot", json_of(header.name)},
                    {"columns", std::move(columns)},
                    {"format", header.format},
                    {"comment", header.comment.text},
                    {"identity", header.identity}};
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

result<snapshot_header> read_header(const std::string& text) {
  const auto malformed = [] {
    return fail(errc::snapshot_corrupt, "the header of the file makes no sense",
                "Export the snapshot again.");
  };
  const auto object = object_in(text);
  if (!object || !object->contains("snapshot"))
    return malformed();
  auto name = name_in((*object)["snapshot"]);
  auto columns = columns_in(*object);
  auto format = string_member(*object, "format");
  auto comment = string_member(*object, "comment");
  auto identity = string_member(*object, "identity");
  if (!name || !columns || !format || !comment || !identity)
    return malformed();
  // It becomes part of a statement.
  if (*format != "binary" && *format != "text")
    return malformed();
  return read_comment(name->text(), *comment).map([&](snapshot_comment read) {
    return snapshot_header{std::move(*name), std::move(*columns),
                           std::move(*format), std::move(read),
                           std::move(*identity)};
  });
}

std::string create_table(const qualified_name& table,
                         const snapshot_header& header) {
  std::string statement = fmt::format("CREATE TABLE {} (", table.text());
  const auto* separator = "\n  ";
  for (const auto& column : header.columns) {
    statement += fmt::format("{}{} {}", separator,
                             pgtrickle::quoted(column.name), column.type);
    if (column.collation)
      statement += " COLLATE " + column.collation->text();
    separator = ",\n  ";
  }
  return statement + "\n)";
}

std::string column_names(const snapshot_header& header) {
  std::vector<std::string> names;
  for (const auto& column : header.columns)
    names.push_back(pgtrickle::quoted(column.name));
  return joined(names);
}

} // namespace pgtrickle::snapshot_transfer
