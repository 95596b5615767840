// The end of a copy: the rows are checked, get their name, and are registered.

#include "services/query/sql_text.hpp"
#include "services/snapshot_transfer/table_target.hpp"

#include <fmt/format.h>

namespace pgtrickle::snapshot_transfer {

namespace {

constexpr auto no_extension
  = "The target lacks the extension pg_trickle, or has an older one: the rows "
    "were counted, not compared by their hash, and the snapshot is not "
    "registered there.";

constexpr auto is_registered_query
  = "SELECT EXISTS (SELECT FROM pgtrickle.pgt_snapshots"
    " WHERE snapshot_relid = to_regclass($1))";

} // namespace

result<transfer_report> table_target::finish() {
  transfer_report report;
  report.target = target_.text();
  report.row_count = header_.comment.row_count;
  report.content_hash = header_.comment.content_hash;
  auto checked = is_complete_
                   ? check_rows(target_, report)
                   : run(fmt::format("BEGIN; LOCK TABLE {} IN ACCESS EXCLUSIVE "
                                     "MODE",
                                     partial_.text()))
                       .and_then([&] { return check_rows(partial_, report); })
                       .and_then([&] { return give_name(); });
  return checked.and_then([&] { return adopt(report); }).map([&] {
    return report;
  });
}

result<void> table_target::check_rows(const qualified_name& table,
                                      transfer_report& report) {
  const auto has_hash = ask(
    "SELECT to_regprocedure('pgtrickle.content_hash(record)') IS NOT NULL");
  if (!has_hash)
    return tl::unexpected(has_hash.error());
  if (!*has_hash)
    report.remark = no_extension;
  const auto found = db_->run(fmt::format(
    "SELECT count(*), {} FROM ONLY {} AS t",
    *has_hash ? "pgtrickle.content_hash(t.*)" : "NULL", table.text()));
  if (!found)
    return tl::unexpected(found.error());
  report.is_verified = *has_hash;
  const auto& count = found->value(0, 0);
  if (count == std::to_string(report.row_count)
      && (!*has_hash || found->value(0, 1) == report.content_hash))
    return {};
  auto differs = fail(
    errc::snapshot_corrupt,
    fmt::format("the rows of {} are not those of the snapshot", target_.text()),
    is_complete_ ? "Drop it at the target, then run the command again."
                 : "What was copied is thrown away. See what "
                   "pgtricklectl snapshot verify says of the source.");
  differs.value().detail
    = fmt::format("{} rows with hash {} instead of {} with {}", count,
                  found->value(0, 1), report.row_count, report.content_hash);
  if (!is_complete_)
    if (auto dropped = run("ROLLBACK; DROP TABLE " + partial_.text()); !dropped)
      return dropped;
  return differs;
}

/// What is told to be there survives a crash, though commits may not wait for
/// the disk as a rule.
result<void> table_target::give_name() {
  return run("SELECT set_config('synchronous_commit', 'on', true)"
             " WHERE current_setting('synchronous_commit') = 'off'")
    .and_then([&] { return rename(); })
    .and_then([&] { return run("ANALYZE " + target_.text()); });
}

result<void> table_target::rename() {
  return run(fmt::format("ALTER TABLE {} RENAME TO {}; COMMENT ON TABLE {} IS "
                         "{}; COMMIT",
                         partial_.text(), pgtrickle::quoted(target_.name),
                         target_.text(), literal(header_.comment.text)));
}

result<void> table_target::adopt(transfer_report& report) {
  const auto can_adopt = ask(
    "SELECT to_regprocedure('pgtrickle.adopt_snapshot(text)') IS NOT NULL");
  if (!can_adopt)
    return tl::unexpected(can_adopt.error());
  if (!*can_adopt) {
    report.remark = no_extension;
    return {};
  }
  const auto is_registered = ask(is_registered_query, {target_.text()});
  if (!is_registered)
    return tl::unexpected(is_registered.error());
  report.is_registered = true;
  if (*is_registered)
    return {};
  auto adopted
    = db_->run("SELECT pgtrickle.adopt_snapshot($1)", {target_.text()});
  if (adopted)
    return {};
  auto& reason = adopted.error();
  reason.message = fmt::format("{} is complete, but not registered: {}",
                               target_.text(), reason.message);
  // Where the server has answered, the connection is not what is broken.
  if (!reason.sqlstate.empty() && !reason.sqlstate.starts_with("57P"))
    reason.code = errc::statement_failed;
  return tl::unexpected(std::move(reason));
}

} // namespace pgtrickle::snapshot_transfer
