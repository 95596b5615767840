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
  /// As a user of the server, over TLS when there is a file of authorities;
  /// replies come to inboxes below `inbox_prefix`.
  nats_client(const std::string& url, const std::string& authorities,
              const std::string& inbox_prefix);

  void publish(const std::string& subject, const std::string& payload,
               const std::string& reply = "");
  /// The same with headers.
  void publish_with(const std::string& subject, const std::string& payload,
                    const std::map<std::string, std::string>& headers,
                    const std::string& reply = "");
  /// Sends a request and waits for the first answer to it.
  [[nodiscard]] std::optional<nats_message>
  request(const std::string& subject, const std::string& payload = "",
          const std::map<std::string, std::string>& headers = {},
          std::chrono::milliseconds limit = std::chrono::seconds{10});
  [[nodiscard]] nats_subscription subscribe(const std::string& subject);
  /// What JetStream keeps of `subject`, from the oldest on, and what comes.
  [[nodiscard]] nats_subscription replay(const std::string& subject);
  /// Returns when the server has everything published.
  void flush();

  /// For what this class does not wrap.
  [[nodiscard]] natsConnection* raw() const { return connection_.get(); }

private:
  std::unique_ptr<natsConnection, void (*)(natsConnection*)> connection_;
  std::unique_ptr<jsCtx, void (*)(jsCtx*)> jetstream_{nullptr, jsCtx_Destroy};
};

} // namespace pgtrickle::test
