#include "services/snapshot_transfer/table_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace pgtrickle::snapshot_transfer {

namespace {

constexpr auto table_query = R"(
SELECT nspname, relname, obj_description(c.oid, 'pg_class'),
       pg_relation_size(c.oid) / current_setting('block_size')::bigint,
       concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
                 (SELECT oid FROM pg_database WHERE datname = current_database()),
                 c.oid, pg_relation_filenode(c.oid))
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE c.oid = $1::oid AND relkind = 'r')";

constexpr auto columns_query = R"(
SELECT attname, format_type(atttypid, atttypmod), nspname, collname
FROM pg_attribute a JOIN pg_type t ON t.oid = atttypid
LEFT JOIN (pg_collation k JOIN pg_namespace n ON n.oid = collnamespace)
  ON k.oid = attcollation AND attcollation <> typcollation
WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum)";

// What a type consists of counts too. The binary form of a reg* type is an oid,
// which is another object in another cluster.
constexpr auto format_query = R"(
WITH RECURSIVE used (oid) AS (
  SELECT atttypid FROM pg_attribute
  WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped
  UNION
  SELECT part.oid FROM used JOIN pg_type t ON t.oid = used.oid
  CROSS JOIN LATERAL (
    SELECT typelem UNION ALL SELECT typbasetype
    UNION ALL SELECT atttypid FROM pg_attribute
      WHERE attrelid = typrelid AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT rngsubtype FROM pg_range
      WHERE t.oid IN (rngtypid, rngmultitypid)) AS part (oid)
  WHERE part.oid <> 0)
SELECT CASE WHEN EXISTS (SELECT FROM used JOIN pg_type t ON t.oid = used.oid
  WHERE typsend = 0 OR typreceive = 0
     OR typnamespace = 'pg_catalog'::regnamespace AND starts_with(typname, 'reg'))
  THEN 'text' ELSE 'binary' END)";

std::int64_t number_in(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

} // namespace

result<snapshot_header> table_source::open() {
  options_.label = "source";
  auto connected = postgres::client::open(options_);
  if (!connected)
    return tl::unexpected(std::move(connected.error()));
  db_ = std::move(*connected);
  if (auto begun = db_->run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      !begun)
    return tl::unexpected(std::move(begun.error()));
  return find_table().and_then(
    [this](const std::string& oid) { return read_table(oid); });
}

/// The user's search_path counts, and then the extension's schema.
result<std::string> table_source::find_table() {
  auto found = db_->run("SELECT to_regclass($1)::oid", {name_});
  if (found && !found->rows.at(0).at(0)) {
    found = db_->run("SET LOCAL search_path = pgtrickle");
    if (found)
      found = db_->run("SELECT to_regclass($1)::oid", {name_});
  }
  if (!found)
    return tl::unexpected(std::move(found.error()));
  const auto& oid = found->rows.at(0).at(0);
  if (oid)
    return *oid;
  return fail(errc::snapshot_source_not_found,
              fmt::format("there is no table {}", name_),
              "pgtricklectl snapshot list shows the snapshots of a database.");
}

result<snapshot_header> table_source::read_table(const std::string& oid) {
  if (auto pinned = db_->run("SET LOCAL search_path = pg_catalog"); !pinned)
    return tl::unexpected(std::move(pinned.error()));
  const auto table = db_->run(table_query, {oid});
  if (!table)
    return tl::unexpected(table.error());
  if (table->rows.empty())
    return fail(errc::snapshot_source_not_found,
                fmt::format("{} is not a table", name_),
                "Name the table of a snapshot.");
  header_.name = {table->value(0, 0), table->value(0, 1)};
  // Whoever drops it waits.
  if (auto locked = db_->run(
        fmt::format("LOCK TABLE {} IN ACCESS SHARE MODE", header_.name.text()));
      !locked)
    return tl::unexpected(std::move(locked.error()));
  auto comment = read_comment(header_.name.text(), table->value(0, 2));
  if (!comment)
    return tl::unexpected(std::move(comment.error()));
  header_.comment = std::move(*comment);
  end_ = number_in(table->value(0, 3));
  header_.identity
    = fmt::format("{}/{}", table->value(0, 4), header_.comment.content_hash);
  if (auto read = read_columns(oid); !read)
    return tl::unexpected(std::move(read.error()));
  return header_;
}

result<void> table_source::read_columns(const std::string& oid) {
  const auto columns = db_->run(columns_query, {oid});
  if (!columns)
    return tl::unexpected(columns.error());
  header_.columns.clear();
  for (std::size_t i = 0; i < columns->rows.size(); ++i) {
    auto& column = header_.columns.emplace_back(snapshot_column{
      columns->value(i, 0), columns->value(i, 1), std::nullopt});
    if (columns->rows[i][2])
      column.collation = {columns->value(i, 2), columns->value(i, 3)};
  }
  const auto format = db_->run(format_query, {oid});
  if (!format)
    return tl::unexpected(format.error());
  header_.format = format->value(0, 0);
  return {};
}

result<bool> table_source::seek(std::int64_t next) {
  next_ = next;
  return next < end_;
}

result<piece_end> table_source::read(const byte_sink& sink) {
  const auto end = std::min(next_ + blocks_, end_);
  return db_
    ->copy_out(
      fmt::format("COPY (SELECT {} FROM ONLY {} WHERE ctid >= '({},0)'::tid"
                  " AND ctid < '({},0)'::tid) TO STDOUT (FORMAT {})",
                  column_names(header_), header_.name.text(), next_, end,
                  header_.format),
      sink)
    .map([&](std::int64_t rows) {
      return piece_end{end, rows};
    });
}

} // namespace pgtrickle::snapshot_transfer
