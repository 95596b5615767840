#pragma once

#include "services/core/result.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>

namespace pgtrickle::postgres {

/// Bounds the connections of a daemon, and has those wait that are too many.
/// Blocks: belongs in detached actors. Safe to use from all threads.
class connection_gate : public std::enable_shared_from_this<connection_gate> {
public:
  using milliseconds = std::chrono::milliseconds;

  /// For how long a connection is waited for, before that is a failure.
  static constexpr std::chrono::seconds patience{30};

  /// `limit`: connections at a time; 0: any number. `on_wait` is told why
  /// somebody waits, each time that somebody begins to.
  explicit connection_gate(std::size_t limit = 0,
                           std::function<void(const std::string&)> on_wait
                           = {});

  /// Waits until there is room; the place is taken for as long as what is
  /// returned lives. Those that `lasts` for long leave a quarter of the places
  /// to the others, at least two. Errors: overloaded.
  [[nodiscard]] result<std::shared_ptr<void>> enter(bool lasts);

  /// Waits before the attempt after `failures` in a row that were the server's
  /// lack of room. Returns whether to go on trying.
  [[nodiscard]] bool pause(int failures, const std::string& reason);

  /// Whether somebody waits: who has a connection that it does not use should
  /// close it.
  [[nodiscard]] bool is_pressed() const;

  /// Lets nobody wait any longer: the daemon ends.
  void close();

private:
  [[nodiscard]] bool has_room(bool lasts) const;
  void leave(bool lasts);
  void tell(const std::string& reason) const;

  const std::size_t limit_;
  const std::function<void(const std::string&)> on_wait_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t open_ = 0;
  std::size_t lasting_ = 0;
  std::size_t waiting_ = 0;
  bool is_closed_ = false;
  std::minstd_rand random_{std::random_device{}()};
};

} // namespace pgtrickle::postgres
