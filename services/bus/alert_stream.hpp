#pragma once

#include "services/bus/nats_messages.hpp"

#include <atomic>
#include <chrono>

namespace pgtrickle::bus {

/// Where alerts are kept: the stream PGTRICKLE_ALERTS, where the server runs
/// JetStream. Thread-safe.
class alert_stream {
public:
  /// Has `msg` stored, or delivered to whoever listens when there is no
  /// JetStream. Blocks. A failure leaves open whether it was stored: it is to
  /// be tried again with the same Nats-Msg-Id. Error: connection_lost.
  [[nodiscard]] result<void> keep(natsConnection* nc, natsMsg* msg,
                                  std::chrono::milliseconds timeout);

private:
  [[nodiscard]] result<bool> ensure(jsCtx* js,
                                    std::chrono::milliseconds timeout);
  [[nodiscard]] result<void> store(natsMsg* msg, jsCtx* js,
                                   std::chrono::milliseconds timeout);

  std::atomic<bool> exists_ = false;
};

} // namespace pgtrickle::bus
