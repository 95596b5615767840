#include "services/snapshots/header.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle::snapshots {

using nlohmann::json;

namespace {

json text_or_null(const std::string& text) {
  return text.empty() ? json() : json(text);
}

std::string text_at(const json& object, const char* key) {
  const auto& value = object.at(key);
  return value.is_null() ? std::string{} : value.get<std::string>();
}

json columns_json(const std::vector<column>& columns) {
  auto list = json::array();
  for (const auto& one : columns)
    list.push_back({{"name", one.name},
                    {"type", one.type},
                    {"collation", text_or_null(one.collation)}});
  return list;
}

void read_stream_table(const json& table, header& into) {
  into.schema = table.at("schema");
  into.name = table.at("name");
  into.owner = table.at("owner");
  into.original_query = table.at("original_query");
  into.original_search_path = table.at("original_search_path");
  into.defining_query = table.at("defining_query");
  if (!table.at("schedule").is_null())
    into.schedule = table.at("schedule").get<std::string>();
  into.refresh_mode = table.at("refresh_mode");
  into.fingerprint = table.at("fingerprint");
  into.primary_key = table.at("primary_key").get<std::vector<std::string>>();
  into.catalog_row = table.value("catalog_row", json{});
}

void read_origin(const json& lineage, origin& into) {
  into.system_identifier = lineage.at("system_identifier");
  into.timeline = lineage.at("timeline");
  into.lsn = lineage.at("lsn");
  into.database = lineage.at("database");
  into.epoch = lineage.at("epoch");
}

header read(const json& from) {
  header read;
  read_stream_table(from.at("stream_table"), read);
  for (const auto& one : from.at("columns"))
    read.columns.push_back(
      {one.at("name"), one.at("type"), text_at(one, "collation")});
  read.row_count = from.at("row_count");
  read.content_hash = from.at("content_hash");
  read.frontier = from.at("frontier");
  read.data_timestamp = text_at(from, "data_timestamp");
  read_origin(from.at("lineage"), read.taken_at);
  read.extension_version = from.at("extension_version");
  read.creator = from.at("creator");
  read.created_at = from.at("created_at");
  return read;
}

std::string described(const column& one) {
  return fmt::format("{} {}{}", one.name, one.type,
                     one.collation.empty() ? "" : " COLLATE " + one.collation);
}

} // namespace

json to_json(const header& from) {
  return {{"pgtrickle_snapshot", header_format},
          {"stream_table",
           {{"schema", from.schema},
            {"name", from.name},
            {"owner", from.owner},
            {"original_query", from.original_query},
            {"original_search_path", from.original_search_path},
            {"defining_query", from.defining_query},
            {"schedule", from.schedule ? json(*from.schedule) : json()},
            {"refresh_mode", from.refresh_mode},
            {"fingerprint", from.fingerprint},
            {"primary_key", from.primary_key},
            {"catalog_row", from.catalog_row}}},
          {"columns", columns_json(from.columns)},
          {"row_count", from.row_count},
          {"content_hash", from.content_hash},
          {"frontier", from.frontier},
          {"data_timestamp", text_or_null(from.data_timestamp)},
          {"lineage",
           {{"system_identifier", from.taken_at.system_identifier},
            {"timeline", from.taken_at.timeline},
            {"lsn", from.taken_at.lsn},
            {"database", from.taken_at.database},
            {"epoch", from.taken_at.epoch}}},
          {"extension_version", from.extension_version},
          {"creator", from.creator},
          {"created_at", from.created_at}};
}

result<header> header_from_json(const std::string& text) {
  const auto from = json::parse(text, nullptr, false);
  if (!from.is_object() || !from.contains("pgtrickle_snapshot"))
    return fail(errc::snapshot_source_not_found,
                "there is no snapshot's header",
                "A snapshot's table has its header as its comment.");
  if (from["pgtrickle_snapshot"] != header_format)
    return fail(errc::snapshot_schema_version_mismatch,
                fmt::format("the snapshot's format is {}, and this version "
                            "reads {}",
                            from["pgtrickle_snapshot"].dump(), header_format),
                "Restore it with the version that took it, or take another "
                "one.");
  try {
    return read(from);
  } catch (const json::exception& e) {
    return tl::unexpected(failure{errc::snapshot_source_not_found,
                                  "the snapshot's header is damaged", e.what(),
                                  "Restore another snapshot."});
  }
}

std::string difference(const std::vector<column>& snapshot,
                       const std::vector<column>& table) {
  std::string text;
  const auto add = [&](const std::string& line) {
    text += (text.empty() ? "" : "; ") + line;
  };
  for (std::size_t i = 0; i < std::max(snapshot.size(), table.size()); ++i) {
    if (i >= snapshot.size())
      add("the snapshot lacks " + described(table[i]));
    else if (i >= table.size())
      add("only the snapshot has " + described(snapshot[i]));
    else if (snapshot[i] != table[i])
      add(fmt::format("column {} is {} in the snapshot and {} in the table",
                      i + 1, described(snapshot[i]), described(table[i])));
  }
  return text;
}

} // namespace pgtrickle::snapshots
