#pragma once

#include <nats/nats.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace pgtrickle::test {

/// What arrived at a subscription.
struct nats_message {
  std::string subject;
  std::string reply;
  std::string payload;
  /// The header Nats-Msg-Id.
  std::string id;
  std::map<std::string, std::string> headers;
};

class nats_subscription {
public:
  explicit nats_subscription(natsSubscription* handle)
    : handle_(handle, natsSubscription_Destroy) {}

  /// The next message, or nothing within `limit`.
  [[nodiscard]] std::optional<nats_message>
  next(std::chrono::milliseconds limit);

private:
  std::unique_ptr<natsSubscription, void (*)(natsSubscription*)> handle_;
};

/// Anybody who reached the NATS server.
class nats_client {
public:
  explicit nats_client(const std::string& url);

  void publish(const std::string& subject, const std::string& payload,
               const std::string& reply = "");
  [[nodiscard]] nats_subscription subscribe(const std::string& subject);
  /// What JetStream keeps of `subject`, from the oldest on, and what comes.
  [[nodiscard]] nats_subscription replay(const std::string& subject);
  /// Returns when the server has everything published.
  void flush();

private:
  std::unique_ptr<natsConnection, void (*)(natsConnection*)> connection_;
  std::unique_ptr<jsCtx, void (*)(jsCtx*)> jetstream_{nullptr, jsCtx_Destroy};
};

} // namespace pgtrickle::test
