#include "actors/ctl/progress_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pgtrickle::ctl {

namespace {

constexpr std::chrono::milliseconds period{300};

constexpr auto how_far
  = "SELECT stage, rows_done, rows_expected FROM pgtrickle.snapshot_progress()"
    " WHERE operation = $1::text AND relation ="
    " pgtrickle._relation_name(to_regclass($2::text)::oid) LIMIT 1";

} // namespace

std::string status_text(const std::string& stage,
                        const postgres::text_value& rows_done,
                        const postgres::text_value& rows_expected) {
  using snapshot_transfer::grouped;
  const auto expected = rows_expected ? std::stoll(*rows_expected) : 0;
  if (!rows_done)
    return stage;
  const auto done = std::stoll(*rows_done);
  if (expected <= 0)
    return fmt::format("{}: {} rows", stage, grouped(done));
  return fmt::format("{}: {} %, {} of {} rows", stage,
                     std::min<std::int64_t>(100, 100 * done / expected),
                     grouped(done), grouped(expected));
}

progress_watch::progress_watch(postgres::client_options options, console& c,
                               watched_work work) {
  if (!c.is_terminal())
    return;
  options.on_notice = {};
  thread_ = std::thread([this, &c, options = std::move(options),
                         work = std::move(work)] { watch(options, c, work); });
}

progress_watch::~progress_watch() {
  {
    const std::lock_guard alone{mutex_};
    ended_ = true;
  }
  ending_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

bool progress_watch::has_ended() {
  std::unique_lock waiting{mutex_};
  return ending_.wait_for(waiting, period, [this] { return ended_; });
}

void progress_watch::watch(const postgres::client_options& options, console& c,
                           const watched_work& work) {
  if (has_ended())
    return;
  auto db = postgres::client::open(options);
  while (db && !has_ended()) {
    const auto rows = db->run(how_far, {work.operation, work.relation});
    if (!rows)
      return;
    if (!rows->rows.empty()) {
      const auto& row = rows->rows.front();
      c.status(status_text(rows->value(0, 0), row[1], row[2]));
    }
  }
}

} // namespace pgtrickle::ctl
