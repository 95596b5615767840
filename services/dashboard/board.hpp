#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace pgtrickle::dashboard {

/// One state of everything, as it was read.
struct edition {
  std::uint64_t number = 0;
  nlohmann::json status;
};
using edition_ptr = std::shared_ptr<const edition>;

/// Where those who look find what was read last. Reading begins when somebody
/// looks, and ends a few seconds after nobody does. Safe to use from all
/// threads.
class board {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using milliseconds = std::chrono::milliseconds;

  /// For so long after the last look there is still somebody.
  static constexpr std::chrono::seconds attention{5};
  /// An older edition is not shown to who begins to look.
  static constexpr std::chrono::seconds stale_after{5};
  /// Viewers that hold a thread of the server each.
  static constexpr int max_followers = 8;

  /// `wake` is called when somebody looks and nobody did before.
  void wake_with(std::function<void()> wake);

  /// Somebody looks.
  void look();
  [[nodiscard]] bool is_looked_at() const;

  void publish(nlohmann::json status);

  /// Waits for an edition after `number`; null: there is none within `limit`.
  [[nodiscard]] edition_ptr newer_than(std::uint64_t number,
                                       milliseconds limit) const;

  /// The last one, or the next if that is stale; null: none comes within
  /// `limit`.
  [[nodiscard]] edition_ptr current(milliseconds limit);

  /// A place among those who follow, for as long as what is returned lives;
  /// null: all are taken.
  [[nodiscard]] static std::shared_ptr<void>
  follow(const std::shared_ptr<board>& on);

private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::function<void()> wake_;
  time_point looked_at_;
  time_point published_at_;
  edition_ptr last_;
  int followers_ = 0;
};

} // namespace pgtrickle::dashboard
