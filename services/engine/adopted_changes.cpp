#include "services/engine/adopted_changes.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace pgtrickle::engine {

namespace {

/// The class of all holders is there in any case.
relabelling read_frontiers(pqxx::transaction_base& tx) {
  relabelling read;
  std::vector<frontier> known;
  std::vector<unseen_transactions> unseen;
  for (const auto& row : tx.exec("SELECT holder, id, seen, own_xid "
                                 "FROM pgtrickle._frontiers()")) {
    frontier since{row[2].as<std::string>(), std::nullopt};
    if (!row[3].is_null())
      since.own_xid = row[3].as<std::string>();
    auto beyond = unseen_by(since);
    if (!beyond)
      throw postgres::abandoned(
        {errc::statement_failed,
         "the frontier " + since.snapshot + " can't be read",
         {},
         {}});
    auto place = std::ranges::find(known, since);
    if (place == known.end()) {
      known.push_back(since);
      unseen.push_back(std::move(*beyond));
      place = std::prev(known.end());
    }
    read.holders.push_back({row[0].as<std::string>(), row[1].as<std::int64_t>(),
                            static_cast<std::size_t>(place - known.begin())});
  }
  read.divided = classify(unseen);
  return read;
}

std::string array(const std::vector<std::string>& elements) {
  return fmt::format("{{{}}}", fmt::join(elements, ","));
}

} // namespace

result<relabelling> relabel(postgres::session& db) {
  auto read = db.once<relabelling>(read_frontiers);
  if (!read)
    return read;
  while (read->labels.size() < read->divided.classes.size()) {
    const auto taken = db.exec("SELECT pg_current_xact_id()");
    if (!taken)
      return tl::unexpected(taken.error());
    read->labels.push_back((*taken)[0][0].as<std::uint64_t>());
  }
  return read;
}

bool load_changes(pqxx::dbtransaction& tx, oid former,
                  const moved_relation& present, const relabelling& labels) {
  std::vector<std::string> from;
  std::vector<std::string> to;
  std::vector<std::string> label;
  for (const auto& range : labels.divided.ranges) {
    from.push_back(std::to_string(range.from));
    to.push_back(range.to ? std::to_string(*range.to) : "NULL");
    label.push_back(std::to_string(labels.labels.at(range.in_class)));
  }
  nlohmann::json attnums = nlohmann::json::object();
  for (const auto& [before, now] : present.attnums)
    attnums[std::to_string(before)] = now;
  return tx
    .exec_params1("SELECT pgtrickle._load_changes($1, $2, $3::jsonb, "
                  "$4::xid8[], $5::xid8[], $6::xid8[], $7::xid8)",
                  former, present.found, attnums.dump(), array(from), array(to),
                  array(label), std::to_string(labels.labels.at(0)))[0]
    .as<bool>();
}

void move_frontiers(pqxx::dbtransaction& tx, const relabelling& labels) {
  const auto now
    = tx.exec1("SELECT pg_current_snapshot(), (SELECT system_identifier FROM "
               "pg_control_system()), pg_current_wal_lsn()");
  for (const auto& holder : labels.holders) {
    std::set<std::uint64_t> unseen;
    for (std::size_t i = 0; i < labels.labels.size(); ++i)
      if (labels.divided.classes[i].readers.contains(holder.frontier))
        unseen.insert(labels.labels[i]);
    const nlohmann::json moved{
      {"snapshot", without(now[0].as<std::string>(), unseen).snapshot},
      {"own_xid", nullptr},
      {"system_identifier", now[1].as<std::string>()},
      {"lsn", now[2].as<std::string>()}};
    tx.exec_params("SELECT pgtrickle._move_frontier($1, $2, $3::jsonb)",
                   holder.kind, holder.id, moved.dump());
  }
}

} // namespace pgtrickle::engine
