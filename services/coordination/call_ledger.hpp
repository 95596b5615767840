#pragma once

#include "services/core/ids.hpp"
#include "services/core/result.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pgtrickle {

/// How a caller wants to be answered: the extension, and programs.
enum class reply_format : std::uint8_t { signed_call, protobuf, json };

/// The calls that are being worked on, and who waits for each.
class call_ledger {
public:
  using time_point = std::chrono::steady_clock::time_point;

  static constexpr std::size_t max_calls = 256;
  /// A caller that hears nothing for five seconds gives up.
  static constexpr std::chrono::seconds alive_interval{1};

  struct entry {
    std::string id;
    std::string reply_to;
    oid database = 0;
    std::string method;
    time_point began;
    time_point deadline;
    /// Shared with those who work on it.
    std::shared_ptr<std::atomic<bool>> cancelled = {};
    reply_format format = reply_format::signed_call;
    /// To be told with the result.
    std::vector<std::string> notices = {};
  };

  struct due_calls {
    /// Whose callers must hear that the daemon is alive.
    std::vector<entry> alive;
    /// Whose time is up; no longer in the ledger.
    std::vector<entry> expired;
  };

  /// Errors: overloaded, call_rejected (an id already worked on).
  [[nodiscard]] result<void> admit(entry call, time_point now);

  /// Takes the call out; absent when it was answered before.
  [[nodiscard]] std::optional<entry> settle(const std::string& id);

  /// Keeps a notice for the end of the call.
  void note(const std::string& id, std::string notice);

  /// The call, if it is still worked on.
  [[nodiscard]] const entry* find(const std::string& id) const;

  [[nodiscard]] due_calls take_due(time_point now);

  /// Takes out every call of `database`.
  [[nodiscard]] std::vector<entry> take_all_of(oid database);

  [[nodiscard]] bool empty() const { return calls_.empty(); }
  [[nodiscard]] std::size_t size() const { return calls_.size(); }

private:
  struct progress {
    entry call;
    time_point next_alive;
  };

  std::map<std::string, progress> calls_;
};

} // namespace pgtrickle
