#include "actors/restored_adopter.hpp"

#include <spdlog/spdlog.h>

namespace pgtrickle {

namespace {

void log_adoption(const std::string& database,
                  const engine::adoption_report& adopted) {
  spdlog::info("database {}: adopted what a dump held, {} stream tables go on",
               database, adopted.continued.size());
  for (const auto& table : adopted.reinitialised)
    spdlog::warn("database {}: will be filled anew: {}", database, table);
  for (const auto& table : adopted.forgotten)
    spdlog::warn("database {}: forgot stream table {}, which is not there",
                 database, table);
}

/// Writers are in the way, or were: it may be repeated in this session.
bool may_repeat(const failure& reason) {
  return reaction_to(reason.code) == reaction::retry
         && reason.code != errc::connection_lost;
}

} // namespace

result<bool> restored_adopter::adopt(postgres::session& db,
                                     const std::string& database,
                                     ownership fence, time now) {
  const auto seen = engine::watch_restore(db, first_seen_);
  if (!seen)
    return tl::unexpected(seen.error());
  if (!*seen)
    return true;
  std::string waits_for = (*seen)->restoring;
  if (gate_.opens(**seen, now)) {
    const auto adopted = engine::adopt_restored(db, fence);
    if (adopted) {
      log_adoption(database, *adopted);
      return true;
    }
    if (!may_repeat(adopted.error()))
      return tl::unexpected(adopted.error());
    waits_for = adopted.error().message;
  } else if (waits_for.empty()) {
    waits_for = "the rest of the dump";
  }
  if (waits_.occurred(now))
    spdlog::info("database {}: restored from a dump, and not yet adopted: {}",
                 database, waits_for);
  return false;
}

} // namespace pgtrickle
