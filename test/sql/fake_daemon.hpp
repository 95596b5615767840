#pragma once

#include "proto/call.pb.h"

#include <nats/nats.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace pgtrickle::test {

/// Answers one call.
class replier {
public:
  replier(natsConnection* connection, std::string inbox)
    : connection_(connection), inbox_(std::move(inbox)) {}

  void alive() const;
  void notice(const std::string& text) const;
  void error(const std::string& sqlstate, const std::string& message,
             const std::string& detail = {},
             const std::string& hint = {}) const;
  /// The error that says that the call may be sent again.
  void not_begun() const;
  void result(const std::string& json) const;
  void part(const std::string& slice, std::uint32_t index,
            std::uint32_t count) const;
  void raw(const std::string& bytes) const;

private:
  void send(const wire::Reply& reply) const;

  natsConnection* connection_;
  std::string inbox_;
};

/// Takes the place of pgtrickled: what the extension sends arrives here, and
/// the test says what comes back.
class fake_daemon {
public:
  using answer = std::function<void(const wire::Call&, const replier&)>;

  /// Serves the database with this subject prefix and secret.
  fake_daemon(const std::string& nats_url, const std::string& subject_prefix,
              std::string secret);
  fake_daemon(const fake_daemon&) = delete;
  fake_daemon& operator=(const fake_daemon&) = delete;
  ~fake_daemon();

  /// From now on calls are answered so; what came before is forgotten.
  void answers(answer with);

  /// Waits for the next call, or cancel message, that was not yet taken.
  std::optional<wire::Call> take_call(std::chrono::milliseconds limit);
  std::optional<wire::Call> take_cancel(std::chrono::milliseconds limit);

  /// Messages whose signature was not the extension's.
  [[nodiscard]] int forged() const { return forged_; }

private:
  static void on_message(natsConnection* connection,
                         natsSubscription* subscription, natsMsg* message,
                         void* self);
  void receive(natsMsg* message);
  std::optional<wire::Call> take(std::vector<wire::Call>& from,
                                 std::chrono::milliseconds limit);

  std::string secret_;
  natsConnection* connection_ = nullptr;
  natsSubscription* calls_subscription_ = nullptr;
  natsSubscription* cancels_subscription_ = nullptr;
  std::mutex mutex_;
  std::condition_variable arrived_;
  answer answer_;
  std::vector<wire::Call> calls_;
  std::vector<wire::Call> cancels_;
  int forged_ = 0;
};

} // namespace pgtrickle::test
