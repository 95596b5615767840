#pragma once
// What makes a copy of rows a snapshot: the header that stands in the catalog
// and in the archival table's comment.

#include "services/core/result.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgtrickle::snapshots {

/// The format that this version writes, and the only one it reads.
constexpr int header_format = 1;

struct column {
  std::string name;
  /// As format_type gives it.
  std::string type;
  /// Quoted and qualified; empty: the type's own.
  std::string collation;

  friend bool operator==(const column&, const column&) = default;
};

/// Where in the history of a PostgreSQL cluster a snapshot was taken.
struct origin {
  std::string system_identifier;
  std::uint32_t timeline = 0;
  std::string lsn;
  std::string database;
  /// Of the daemon that took it.
  std::int64_t epoch = 0;
};

struct header {
  // -- the stream table ---
  std::string schema;
  std::string name;
  std::string owner;
  std::string original_query;
  std::string original_search_path;
  std::string defining_query;
  /// Absent: calculated.
  std::optional<std::string> schedule;
  std::string refresh_mode;
  /// Of the defining query and the columns.
  std::string fingerprint;
  std::vector<column> columns;
  /// Empty: none.
  std::vector<std::string> primary_key;
  /// Its row of pgt_stream_tables, for readers.
  nlohmann::json catalog_row;

  // -- the content ---
  std::int64_t row_count = 0;
  /// As pgtrickle.content_hash gives it.
  std::string content_hash;

  // -- the position ---
  /// As pgt_stream_tables has it; null: none.
  nlohmann::json frontier;
  /// ISO 8601 with time zone; empty: none.
  std::string data_timestamp;
  origin taken_at;

  std::string extension_version;
  std::string creator;
  std::string created_at;
};

[[nodiscard]] nlohmann::json to_json(const header& header);

/// Errors: snapshot_schema_version_mismatch for another format, or
/// snapshot_source_not_found for what is not a header.
[[nodiscard]] result<header> header_from_json(const std::string& text);

/// The columns in which the two differ, for an error's detail; empty: they are
/// alike.
[[nodiscard]] std::string difference(const std::vector<column>& snapshot,
                                     const std::vector<column>& table);

} // namespace pgtrickle::snapshots
