#pragma once

#include "services/http/request_parser.hpp"
#include "services/http/transport.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace pgtrickle::http {

/// One client: it sends a request, waits, and gets an answer. Time is an
/// argument, and nothing blocks.
class connection {
public:
  using time_point = std::chrono::steady_clock::time_point;

  enum class phase {
    /// The request is not complete yet.
    reading,
    /// Somebody works on the answer.
    working,
    /// The answer is complete, and on its way.
    writing,
    /// Pieces of the answer come now and then.
    streaming,
    /// What the client still sends is thrown away: closed at once, it would
    /// lose the answer.
    draining,
    closed
  };

  /// For a whole request.
  static constexpr std::chrono::seconds to_read{5};
  /// For a client to take something of what is sent.
  static constexpr std::chrono::seconds to_take{10};
  static constexpr std::chrono::milliseconds to_drain{500};

  connection(transport bytes, time_point now);

  /// What poll(2) is to wait for.
  [[nodiscard]] short wanted() const;
  /// Goes on after `happened`; a request that has become complete.
  [[nodiscard]] std::optional<request> advance(short happened, time_point now);
  /// Nobody may take longer than this; at `now` it is over.
  void expire(time_point now);

  /// The next bytes of the answer, of which more come unless `is_last`.
  void send(std::string bytes, bool is_last, time_point now);
  /// The client gets an error instead of what it waits for.
  void refuse(const refusal& reason, time_point now);
  /// Works on the answer until `deadline`.
  void work_until(time_point deadline) { deadline_ = deadline; }

  [[nodiscard]] phase where() const { return phase_; }
  [[nodiscard]] time_point deadline() const { return deadline_; }
  [[nodiscard]] int descriptor() const { return bytes_.descriptor(); }

private:
  [[nodiscard]] std::optional<request> read(time_point now);
  void write(time_point now);
  void drain();
  void enter(phase next, time_point deadline);

  transport bytes_;
  phase phase_ = phase::reading;
  time_point deadline_;
  std::string received_;
  std::string to_send_;
  std::size_t sent_ = 0;
  std::size_t drained_ = 0;
  bool tls_waits_to_write_ = false;
};

} // namespace pgtrickle::http
