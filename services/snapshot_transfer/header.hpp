#pragma once

#include "services/core/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgtrickle::snapshot_transfer {

/// A relation, type or collation, in the words of the catalog.
struct qualified_name {
  std::string schema;
  std::string name;

  /// Quoted, safe to splice into a statement.
  [[nodiscard]] std::string text() const;

  bool operator==(const qualified_name&) const = default;
};

struct snapshot_column {
  std::string name;
  /// As format_type writes it when only pg_catalog is searched.
  std::string type;
  /// Nothing: the one of the type.
  std::optional<qualified_name> collation;

  bool operator==(const snapshot_column&) const = default;
};

/// The comment by which a table is a snapshot. It travels as it is, with what
/// this program does not know.
struct snapshot_comment {
  std::string text;
  std::int64_t row_count = 0;
  std::string content_hash;

  bool operator==(const snapshot_comment&) const = default;
};

/// Reads the comment of `table`. Errors: snapshot_source_not_found, when the
/// table is no snapshot; snapshot_schema_version_mismatch; snapshot_corrupt.
[[nodiscard]] result<snapshot_comment> read_comment(std::string_view table,
                                                    const std::string& text);

/// What a transfer knows of a snapshot before its rows, and what a file holds
/// first.
struct snapshot_header {
  qualified_name name;
  std::vector<snapshot_column> columns;
  /// In COPY's words: binary, or text where a type has no binary form that
  /// means the same in another cluster.
  std::string format;
  snapshot_comment comment;
  /// Equal for two openings only if they give the same rows in the same pieces.
  std::string identity;

  bool operator==(const snapshot_header&) const = default;
};

/// One line of JSON.
[[nodiscard]] std::string header_text(const snapshot_header& header);

/// Errors: as read_comment.
[[nodiscard]] result<snapshot_header> read_header(const std::string& text);

/// The statement that makes a table of the header's columns.
[[nodiscard]] std::string create_table(const qualified_name& table,
                                       const snapshot_header& header);

/// The header's columns, quoted and separated by commas.
[[nodiscard]] std::string column_names(const snapshot_header& header);

} // namespace pgtrickle::snapshot_transfer
