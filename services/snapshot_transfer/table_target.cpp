#include "services/snapshot_transfer/table_target.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>

namespace pgtrickle::snapshot_transfer {

namespace {

constexpr std::size_t longest_name = 63;

constexpr auto comment_query = R"(
SELECT coalesce(obj_description(c.oid, 'pg_class'), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE nspname = $1 AND relname = $2)";

constexpr auto is_own_query = R"(
SELECT relkind = 'r' AND rolname = current_user
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
JOIN pg_roles r ON r.oid = relowner WHERE nspname = $1 AND relname = $2)";

constexpr auto collation_query = R"(
SELECT EXISTS (SELECT FROM pg_collation JOIN pg_namespace n ON n.oid = collnamespace
  WHERE nspname = $1 AND collname = $2))";

constexpr auto elsewhere
  = "Create it there, or name another place by --as schema.table.";

} // namespace

result<transfer_position> table_target::open(const snapshot_header& header) {
  header_ = header;
  is_complete_ = false;
  return connect()
    .and_then([&] { return name_target(); })
    .and_then([&] { return find_present(); })
    .and_then([&]() -> result<transfer_position> {
      if (is_complete_)
        return transfer_position{};
      return check_schema()
        .and_then([&] { return lock_out_others(); })
        .and_then([&] { return take_up(); });
    });
}

result<void> table_target::connect() {
  options_.label = "target";
  auto connected = postgres::client::open(options_);
  if (!connected)
    return tl::unexpected(std::move(connected.error()));
  db_ = std::move(*connected);
  return run("SET lock_timeout = '10s'");
}

result<void> table_target::name_target() {
  target_ = header_.name;
  if (!name_.empty()) {
    const auto parts
      = db_->run("SELECT array_length(p, 1), p[1], p[2], current_schema()"
                 " FROM parse_ident($1) AS p",
                 {name_});
    if (!parts)
      return tl::unexpected(parts.error());
    const auto& count = parts->value(0, 0);
    if (count == "1")
      target_ = {parts->value(0, 3), parts->value(0, 1)};
    else if (count == "2")
      target_ = {parts->value(0, 1), parts->value(0, 2)};
    else
      return fail(errc::invalid_argument,
                  fmt::format("{} is not the name of a table", name_),
                  "Write table or schema.table.");
  }
  if (target_.name.size() > longest_name)
    return fail(errc::invalid_argument,
                fmt::format("the name {} is too long", target_.text()),
                "PostgreSQL keeps 63 bytes of a name.");
  partial_ = partial_name(target_);
  return run("SET search_path = pg_catalog");
}

result<void> table_target::find_present() {
  const auto present = comment_of(target_);
  if (!present)
    return tl::unexpected(present.error());
  is_complete_ = *present == header_.comment.text;
  if (is_complete_ || !*present)
    return {};
  return fail(errc::already_exists,
              fmt::format("{} exists at the target", target_.text()),
              "Drop it there, or give the snapshot another name by --as.");
}

result<void> table_target::check_schema() {
  const auto schema = db_->run("SELECT has_schema_privilege(oid, 'CREATE')"
                               " FROM pg_namespace WHERE nspname = $1",
                               {target_.schema});
  if (!schema)
    return tl::unexpected(schema.error());
  if (schema->rows.empty())
    return fail(errc::wrong_state,
                fmt::format("schema {} does not exist at the target",
                            pgtrickle::quoted(target_.schema)),
                elsewhere);
  if (schema->value(0, 0) == "t")
    return {};
  return fail(errc::permission_denied,
              fmt::format("nothing may be created in schema {} at the target",
                          pgtrickle::quoted(target_.schema)),
              "Name another place by --as schema.table, or connect as a role "
              "that may create there.");
}

result<void> table_target::lock_out_others() {
  const auto locked = ask(
    "SELECT pg_try_advisory_lock(hashtextextended($1, 0))", {partial_.text()});
  if (!locked)
    return tl::unexpected(locked.error());
  if (*locked)
    return {};
  return fail(errc::lock_unavailable,
              fmt::format("another session copies to {}", target_.text()));
}

result<transfer_position> table_target::take_up() {
  position_ = {};
  const auto present = comment_of(partial_);
  if (!present)
    return tl::unexpected(present.error());
  if (!*present)
    return create().map([&] { return position_; });
  const auto left = read_partial(**present);
  const auto is_own = ask(is_own_query, {partial_.schema, partial_.name});
  if (!is_own)
    return tl::unexpected(is_own.error());
  // The triggers of somebody else's table would run with this role's rights.
  if (!*is_own || !left || left->target != target_)
    return fail(errc::wrong_state,
                fmt::format("{} is in the way at the target", partial_.text()),
                "Drop it there, or give the snapshot another name by --as.");
  if (restart_)
    return run("DROP TABLE " + partial_.text())
      .and_then([&] { return create(); })
      .map([&] { return position_; });
  if (left->identity != header_.identity)
    return fail(
      errc::wrong_state,
      fmt::format("{} is half copied from another snapshot", target_.text()),
      "Throw that away by --restart, or give the snapshot another "
      "name by --as.");
  position_ = left->position;
  return position_;
}

result<void> table_target::create() {
  restart_ = false;
  return check_types().and_then([&] {
    return run(fmt::format("BEGIN; {}; {}; COMMIT",
                           create_table(partial_, header_), note(position_)));
  });
}

/// That PostgreSQL takes the type for one also keeps a file from bringing other
/// statements.
result<void> table_target::check_types() {
  for (const auto& column : header_.columns) {
    const auto is_type
      = ask("SELECT to_regtype($1) IS NOT NULL", {column.type});
    if (!is_type)
      return tl::unexpected(is_type.error());
    if (!*is_type)
      return fail(errc::wrong_state,
                  fmt::format("type {} of column {} does not exist at the "
                              "target",
                              column.type, pgtrickle::quoted(column.name)),
                  "Create the type there (pg_dump --schema-only writes it), "
                  "then run the command again.");
    if (!column.collation)
      continue;
    const auto is_collation = ask(
      collation_query, {column.collation->schema, column.collation->name});
    if (!is_collation)
      return tl::unexpected(is_collation.error());
    if (!*is_collation)
      return fail(errc::wrong_state,
                  fmt::format("collation {} of column {} does not exist at the "
                              "target",
                              column.collation->text(),
                              pgtrickle::quoted(column.name)),
                  "Create the collation there, then run the command again.");
  }
  return {};
}

result<std::optional<std::string>>
table_target::comment_of(const qualified_name& table) {
  return db_->run(comment_query, {table.schema, table.name})
    .map([](const postgres::text_rows& found) {
      return found.rows.empty() ? std::optional<std::string>{}
                                : found.value(0, 0);
    });
}

std::string table_target::note(const transfer_position& at) const {
  return fmt::format("COMMENT ON TABLE {} IS {}", partial_.text(),
                     literal(partial_text({target_, header_.identity, at})));
}

result<void> table_target::begin_piece() {
  if (auto locked = run(fmt::format(
        "BEGIN; LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", partial_.text()));
      !locked)
    return locked;
  const auto present = comment_of(partial_);
  if (!present)
    return tl::unexpected(present.error());
  if (*present != partial_text({target_, header_.identity, position_}))
    return fail(
      errc::serialization_failure,
      fmt::format("another session has written to {}", partial_.text()));
  return db_->begin_copy(fmt::format("COPY {} ({}) FROM STDIN (FORMAT {})",
                                     partial_.text(), column_names(header_),
                                     header_.format));
}

result<void> table_target::end_piece(std::int64_t rows,
                                     const transfer_position& after) {
  const auto taken = db_->end_copy();
  if (!taken)
    return tl::unexpected(taken.error());
  if (*taken != rows)
    return fail(
      errc::invariant_violated,
      fmt::format("{} took {} rows of {}", partial_.text(), *taken, rows));
  return run(note(after) + "; COMMIT").map([&] { position_ = after; });
}

result<void> table_target::run(const std::string& statement) {
  return db_->run(statement).map([](const auto&) {});
}

result<bool> table_target::ask(const std::string& question,
                               const std::vector<postgres::text_value>& about) {
  return db_->run(question, about).map([](const postgres::text_rows& found) {
    return !found.rows.empty() && found.value(0, 0) == "t";
  });
}

} // namespace pgtrickle::snapshot_transfer
