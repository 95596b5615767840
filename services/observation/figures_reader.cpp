#include "services/observation/figures_reader.hpp"

#include "services/catalog/stream_table_store.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace pgtrickle::observation {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds shortest{1000};
constexpr milliseconds longest_while_late{4000};
/// Whatever could make something late stirs.
constexpr milliseconds longest{30'000};
constexpr std::chrono::minutes until_extension_is_updated{1};
/// Reading takes no more than this share of the time.
constexpr int rest_by_work = 20;
/// Few enough to be summed each second.
constexpr std::int64_t many_count_rows = 500;

void count(database_figures& figures, const json& counter) {
  const auto what = counter["what"].get<std::string>();
  const auto times = counter["times"].get<std::int64_t>();
  if (counter["kind"] == "alert") {
    figures.alerts[what] = times;
    return;
  }
  figures.refreshes[what] = times;
  figures.changes_consumed += counter["changes"].get<std::int64_t>();
  figures.rows_inserted += counter["rows_inserted"].get<std::int64_t>();
  figures.rows_deleted += counter["rows_deleted"].get<std::int64_t>();
}

lag_ledger::time_point time_of(const json& number) {
  return lag_ledger::time_point{milliseconds{number.get<std::int64_t>()}};
}

std::vector<lag_ledger::late_table> late_tables(const json& listed) {
  std::vector<lag_ledger::late_table> late;
  for (const auto& table : listed) {
    late.push_back(
      {stream_table_id{table[0].get<std::int64_t>()}, time_of(table[1]), {}});
    if (!table[2].is_null())
      late.back().target = milliseconds{table[2].get<std::int64_t>()};
  }
  return late;
}

/// The epoch is checked: whoever lost the database changes nothing there.
result<void> fold(postgres::session& db, ownership fence) {
  return db.run<void>(postgres::isolation::read_committed,
                      [&](pqxx::dbtransaction& tx) {
                        tx.exec("SELECT pgtrickle._fold_counts()");
                        catalog::check_fence(tx, fence.epoch);
                      });
}

} // namespace

result<std::optional<database_figures>>
figures_reader::read(postgres::session& db, ownership fence, time_point now) {
  using figures_or_none = std::optional<database_figures>;
  if (now < next_)
    return figures_or_none{};
  const auto began = std::chrono::steady_clock::now();
  const auto read = db.exec("SELECT pgtrickle._figures()");
  if (!read && read.error().state() == "42883") {
    next_ = now + until_extension_is_updated;
    return figures_or_none{database_figures{}};
  }
  if (!read) {
    next_ = now + longest_while_late;
    return tl::unexpected(read.error());
  }
  auto figures = figures_in((*read)[0][0].as<std::string>(), now);
  plan(figures != last_, std::chrono::steady_clock::now() - began, now);
  last_ = figures;
  if (count_rows_ > many_count_rows)
    if (auto folded = fold(db, fence); !folded)
      return tl::unexpected(std::move(folded.error()));
  return figures_or_none{std::move(figures)};
}

void figures_reader::stir() {
  next_ = std::min(next_, next_ - interval_ + shortest);
  interval_ = std::min(interval_, shortest);
}

void figures_reader::saw_nothing(time_point now) {
  if (!all_fresh_at_)
    return;
  const auto& [read_at, by_database] = *all_fresh_at_;
  lags_.all_fresh(by_database
                  + std::chrono::floor<milliseconds>(now - read_at));
}

database_figures figures_reader::figures_in(const std::string& text,
                                            time_point now) {
  const auto read = json::parse(text);
  database_figures figures;
  for (const auto& [status, number] : read["stream_tables"].items())
    figures.stream_tables[status] = number.get<std::int64_t>();
  for (const auto& counter : read["counters"])
    count(figures, counter);
  figures.alerts_waiting = read["alerts_waiting"].get<std::int64_t>();
  count_rows_ = read["count_rows"].get<std::int64_t>();
  if (const auto& bytes = read["stored_bytes"]; bytes.is_object())
    figures.stored = {bytes["change_buffers"].get<std::int64_t>(),
                      bytes["snapshots"].get<std::int64_t>()};
  const auto late = late_tables(read["late"]);
  const auto by_database = time_of(read["now"]);
  all_fresh_at_.reset();
  if (late.empty())
    all_fresh_at_.emplace(now, by_database);
  const auto lags
    = lags_.look(late, read["targets"].get<std::size_t>(), by_database);
  figures.lag_ms = static_cast<double>(lags.worst.count());
  figures.lag_share_p95 = lags.share_p95;
  for (const auto& [table, lag] : lags.targeted)
    figures.lag_ms_of_targeted[table] = static_cast<double>(lag.count());
  return figures;
}

void figures_reader::plan(bool has_moved,
                          std::chrono::steady_clock::duration took,
                          time_point now) {
  const auto most = all_fresh_at_ ? longest : longest_while_late;
  interval_ = has_moved ? shortest : std::min(interval_ * 2, most);
  next_ = now
          + std::max(interval_,
                     std::chrono::ceil<milliseconds>(rest_by_work * took));
}

} // namespace pgtrickle::observation
