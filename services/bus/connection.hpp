#pragma once

#include "services/core/result.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace pgtrickle::bus {

/// What arrived on a subject.
struct message {
  std::string subject;
  /// Where the sender waits for an answer; empty: nowhere.
  std::string reply_to;
  std::string payload;
};

/// Called on one of nats.c's threads: must only hand the message on.
using message_handler = std::function<void(message)>;

struct connection_options {
  /// One URL, or several separated by commas.
  std::string url;
  /// How the server's monitoring shows this client.
  std::string name = "pgtrickled";
  /// A NATS credentials file; empty: none.
  std::string credentials_file = {};
  /// Called on a foreign thread when the link comes up or goes down.
  std::function<void(bool up)> on_link_change = {};
};

/// A subject that is listened to for as long as this object lives.
class subscription {
public:
  struct state;
  explicit subscription(std::shared_ptr<state> s) : state_(std::move(s)) {}

private:
  std::shared_ptr<state> state_;
};

/// A connection to NATS that reconnects for ever. Thread-safe.
class connection {
public:
  /// Starts to connect; a server that is not there yet is waited for in the
  /// background. Errors: invalid_argument (the URL, the credentials).
  [[nodiscard]] static result<connection> open(connection_options options);

  [[nodiscard]] bool is_up() const;

  /// Listens on `subject`; messages beyond `max_pending` are dropped.
  [[nodiscard]] result<subscription> subscribe(const std::string& subject,
                                               message_handler handler,
                                               int max_pending = 4096) const;

  /// Hands `payload` to the connection without waiting.
  [[nodiscard]] result<void> publish(const std::string& subject,
                                     std::string_view payload) const;

  /// Publishes under a unique `id` and waits until the server has it: stored,
  /// when it runs JetStream, else received. Blocks.
  [[nodiscard]] result<void>
  publish_once(const std::string& subject, std::string_view payload,
               const std::string& id, std::chrono::milliseconds timeout) const;

  /// Waits until the server has all that was published. Blocks.
  [[nodiscard]] result<void> flush(std::chrono::milliseconds timeout) const;

private:
  struct state;
  explicit connection(std::shared_ptr<state> s) : state_(std::move(s)) {}

  std::shared_ptr<state> state_;
};

} // namespace pgtrickle::bus
