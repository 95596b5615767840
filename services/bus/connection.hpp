#pragma once

#include "services/core/result.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgtrickle::bus {

/// Names and values.
using headers = std::vector<std::pair<std::string, std::string>>;

/// What arrived on a subject.
struct message {
  std::string subject;
  /// Where the sender waits for an answer; empty: nowhere.
  std::string reply_to;
  std::string payload;
  headers given = {};
};

/// The value of a message's header, whatever the case of `name`.
[[nodiscard]] std::optional<std::string_view> header_of(const message& arrived,
                                                        std::string_view name);

/// Called on one of nats.c's threads: must only hand the message on.
using message_handler = std::function<void(message)>;

struct connection_options {
  /// One URL, or several separated by commas.
  std::string url;
  /// How the server's monitoring shows this client.
  std::string name = "pgtrickled";
  /// A NATS credentials file; empty: none.
  std::string credentials_file = {};
  /// The authorities that may vouch for the server, in PEM; given, nothing but
  /// TLS will do. Empty: the system's, where the URL or the server wants TLS.
  std::string authorities_file = {};
  /// Called once, when the server can't be reached at first, with the reason.
  std::function<void(const std::string& reason)> on_first_failure = {};
  /// Called on a foreign thread when the link comes up or goes down.
  std::function<void(bool up)> on_link_change = {};
};

/// A subject is listened to for as long as this lives.
using subscription = std::shared_ptr<void>;

/// What is to be told once.
struct announcement {
  std::string subject;
  std::string payload;
  /// By it a repetition is dropped.
  std::string id;
  /// Beside that.
  bus::headers headers = {};
};

/// A way to the bus. Thread-safe.
class channel {
public:
  virtual ~channel() = default;

  [[nodiscard]] virtual bool is_up() const = 0;

  /// Listens on `subject`; messages beyond a few thousand waiting are dropped.
  [[nodiscard]] virtual result<subscription>
  subscribe(const std::string& subject, message_handler handler) = 0;

  /// Hands `payload` over without waiting.
  [[nodiscard]] virtual result<void> publish(const std::string& subject,
                                             std::string_view payload)
    = 0;

  /// The same with headers; their values are cut at the first line's end.
  [[nodiscard]] virtual result<void> publish_with(const std::string& subject,
                                                  std::string_view payload,
                                                  const headers& told)
    = 0;

  /// The largest message that the server takes, headers included, in bytes.
  [[nodiscard]] virtual std::size_t max_payload() const = 0;

  /// Publishes and waits until the server has it: stored, when it runs
  /// JetStream, else received. Blocks.
  [[nodiscard]] virtual result<void>
  publish_once(const announcement& told, std::chrono::milliseconds timeout) = 0;
};

/// Starts to connect to NATS, and reconnects for ever; a server that is not
/// there yet is waited for in the background.
/// Errors: invalid_argument (the URL, the credentials), connection_lost.
[[nodiscard]] result<std::shared_ptr<channel>>
connect(connection_options options);

} // namespace pgtrickle::bus
