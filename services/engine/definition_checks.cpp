#include "services/engine/definition_checks.hpp"

#include "services/engine/immediate.hpp"
#include "services/scheduling/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pgtrickle::engine {

using postgres::abandoned;
using postgres::value_of;

namespace {

constexpr std::size_t largest_query = 1024 * 1024;

} // namespace

void check_size(const std::string& query) {
  if (query.size() > largest_query)
    throw abandoned(
      {errc::query_too_large,
       fmt::format("the defining query has {} bytes", query.size()),
       {},
       "The limit is 1 MB: put parts of the query into views."});
}

void check_mode(const std::string& mode) {
  static constexpr std::array known
    = {"AUTO", "DIFFERENTIAL", "FULL", immediate_mode};
  if (std::ranges::find(known, mode) == known.end())
    throw abandoned({errc::invalid_argument,
                     "refresh_mode \"" + mode + "\" is not known",
                     {},
                     "Use AUTO, DIFFERENTIAL, FULL or IMMEDIATE."});
}

void check_schedule(pqxx::dbtransaction& tx,
                    const std::optional<std::string>& text) {
  // With its unit once the extension's library is loaded, else as written.
  const auto shortest
    = tx.exec1(
          "SELECT CASE WHEN x ~ '^\\d+$' THEN x::int "
          "ELSE extract(epoch FROM x::interval)::int END FROM "
          "coalesce(current_setting('pg_trickle.min_schedule_seconds', true), "
          "'1') x")[0]
        .as<int>();
  schedule_rules rules;
  rules.shortest_interval = std::chrono::seconds{shortest};
  (void)value_of(parse_schedule(text, rules));
}

void check_snapshot_schedule(const std::string& text) {
  if (text == "none" || text == "NONE")
    return;
  const auto when = value_of(parse_schedule(text));
  if (std::holds_alternative<calculated>(when) || is_unbounded(when))
    throw abandoned({errc::invalid_argument,
                     "snapshot_schedule \"" + text + "\" is no schedule",
                     {},
                     "Use a duration as 6h, a cron expression, or none."});
}

void check_immediate(const stream_table_change& change) {
  if (change.schedule || change.status == "SUSPENDED")
    throw abandoned({errc::invalid_argument,
                     change.schedule
                       ? "an IMMEDIATE stream table has no schedule"
                       : "an IMMEDIATE stream table can't be SUSPENDED",
                     {},
                     "Give it the refresh_mode AUTO as well."});
}

} // namespace pgtrickle::engine
