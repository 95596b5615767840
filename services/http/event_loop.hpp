#pragma once

#include "services/http/connection.hpp"
#include "services/http/listener.hpp"
#include "services/http/mailbox.hpp"
#include "services/http/router.hpp"
#include "services/http/worker_pool.hpp"

#include <atomic>
#include <map>
#include <poll.h>

namespace pgtrickle::http {

struct loop_options {
  std::shared_ptr<tls_identity> identity;
  std::size_t max_connections = 600;
  /// Asked for each request.
  std::function<std::chrono::milliseconds()> handler_timeout;
  std::function<void()> timed_out;
  std::function<void(int status)> answered;
};

/// One thread that serves all clients: it reads their requests as they come,
/// has workers answer them, and lets nobody take longer than is allowed. So a
/// client that is slow, or sends nonsense, holds no thread.
class event_loop {
public:
  event_loop(listener listening, router routes, loop_options options);

  /// Returns after stop().
  void run();
  /// May be called by any thread.
  void stop();

private:
  using time_point = connection::time_point;
  using clients = std::map<mailbox::client, connection>;

  /// Streams hold a worker each.
  static constexpr std::size_t max_workers = 32;
  static constexpr int max_streams = 16;

  void wait(std::vector<pollfd>& awaited) const;
  [[nodiscard]] int milliseconds_to_next_deadline() const;
  void accept(time_point now);
  [[nodiscard]] bool make_room();
  void advance(const std::vector<pollfd>& awaited, time_point now);
  void begin(mailbox::client who, connection& with, request asked,
             time_point now);
  void deliver(time_point now);
  void expire(time_point now);
  void forget_closed();

  // -- on the workers ---
  void answer(mailbox::client who, const request& asked);
  [[nodiscard]] response answer_of(const request& asked) const;
  void stream(mailbox::client who, const response& from);

  listener listening_;
  router routes_;
  loop_options options_;
  mailbox mail_;
  clients clients_;
  mailbox::client last_client_ = 0;
  std::atomic<bool> is_stopping_ = false;
  std::atomic<int> streams_ = 0;
  // Last, so that its jobs end before what they use.
  worker_pool workers_{max_workers};
};

} // namespace pgtrickle::http
