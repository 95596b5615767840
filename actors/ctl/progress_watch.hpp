#pragma once

#include "actors/ctl/console.hpp"
#include "services/postgres/client.hpp"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace pgtrickle::ctl {

/// A call as pgtrickle.snapshot_progress() knows it.
struct watched_work {
  /// `snapshot`, `restore` or `verify`.
  std::string operation;
  /// The stream table or snapshot that the call names.
  std::string relation;
};

/// "verifying rows: 61 %, 1,234,567 of 2,000,000 rows"; null is unknown.
[[nodiscard]] std::string
status_text(const std::string& stage, const postgres::text_value& rows_done,
            const postgres::text_value& rows_expected);

/// Shows how far the work is, over a session of its own, as long as it exists.
/// Without a terminal it does nothing, and what goes wrong ends it silently:
/// the call itself has its errors.
class progress_watch {
public:
  progress_watch(postgres::client_options options, console& c,
                 watched_work work);
  progress_watch(const progress_watch&) = delete;
  progress_watch& operator=(const progress_watch&) = delete;
  ~progress_watch();

private:
  void watch(const postgres::client_options& options, console& c,
             const watched_work& work);
  /// Waits a while; returns whether the work has ended.
  bool has_ended();

  std::mutex mutex_;
  std::condition_variable ending_;
  bool ended_ = false;
  std::thread thread_;
};

} // namespace pgtrickle::ctl
