#include "test/support/kept_alerts.hpp"

#include "test/support/nats_client.hpp"

#include <stdexcept>

namespace pgtrickle::test {

namespace {

constexpr std::int64_t limit_ms = 2000;

void check(natsStatus status) {
  if (status != NATS_OK)
    throw std::runtime_error(natsStatus_GetText(status));
}

/// How many messages of the stream are still to come after this one.
std::uint64_t pending_after(natsMsg* message) {
  jsMsgMetaData* facts = nullptr;
  check(natsMsg_GetMetaData(&facts, message));
  const auto pending = facts->NumPending;
  jsMsgMetaData_Destroy(facts);
  return pending;
}

} // namespace

std::vector<std::string> kept_alerts(const std::string& url,
                                     const std::string& subject) {
  nats_client client{url};
  jsCtx* raw = nullptr;
  check(natsConnection_JetStream(&raw, client.raw(), nullptr));
  const std::unique_ptr<jsCtx, void (*)(jsCtx*)> js{raw, jsCtx_Destroy};
  jsSubOptions options;
  jsSubOptions_Init(&options);
  options.Stream = "PGTRICKLE_ALERTS";
  options.Ordered = true;
  natsSubscription* handle = nullptr;
  check(js_SubscribeSync(&handle, raw, subject.c_str(), nullptr, &options,
                         nullptr));
  const std::unique_ptr<natsSubscription, void (*)(natsSubscription*)> all{
    handle, natsSubscription_Destroy};
  std::vector<std::string> ids;
  natsMsg* message = nullptr;
  while (natsSubscription_NextMsg(&message, handle, limit_ms) == NATS_OK) {
    const char* id = nullptr;
    natsMsgHeader_Get(message, "Nats-Msg-Id", &id);
    ids.emplace_back(id == nullptr ? "" : id);
    const auto pending = pending_after(message);
    natsMsg_Destroy(message);
    if (pending == 0)
      break;
  }
  return ids;
}

} // namespace pgtrickle::test
