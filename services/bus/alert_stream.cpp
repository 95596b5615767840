#include "services/bus/alert_stream.hpp"

#include "services/bus/subjects.hpp"

namespace pgtrickle::bus {

namespace {

constexpr auto stream_name = "PGTRICKLE_ALERTS";
constexpr std::chrono::nanoseconds longest_kept = std::chrono::hours{24 * 7};
/// In a NATS cluster: it survives the loss of one server.
constexpr std::int64_t replicas = 3;
constexpr std::int64_t most_bytes_kept = 256LL * 1024 * 1024;
/// A repetition that comes within this is dropped: longer than a database is
/// away in a restart or a fail-over, after which alerts are told again.
constexpr std::chrono::nanoseconds duplicates_known = std::chrono::hours{1};

/// The server says that it has no JetStream, or none for this account; a
/// JetStream that does not answer, as without a leader, is another matter.
bool is_absent(natsStatus status, jsErrCode code) {
  return status == NATS_NO_RESPONDERS || code == JSNotEnabledErr
         || code == JSNotEnabledForAccountErr;
}

/// The server is alone, or has too few others.
bool can_not_replicate(jsErrCode code) {
  return code == JSStreamReplicasNotSupportedErr || code == JSClusterNoPeersErr
         || code == JSInsufficientResourcesErr;
}

/// With other limits, or under another name, it is the operator's choice.
bool exists_already(jsErrCode code) {
  return code == JSStreamNameExistErr || code == JSStreamSubjectOverlapErr;
}

} // namespace

/// Creates the stream unless it was seen. False: there is no JetStream.
result<bool> alert_stream::ensure(jsCtx* js,
                                  std::chrono::milliseconds timeout) {
  if (exists_)
    return true;
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  const auto subject = every_alert_subject();
  const char* subjects[] = {subject.c_str()};
  config.Name = stream_name;
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  config.MaxAge = longest_kept.count();
  config.MaxBytes = most_bytes_kept;
  config.Duplicates = duplicates_known.count();
  config.Replicas = replicas;
  jsOptions options;
  jsOptions_Init(&options);
  options.Wait = timeout.count();
  jsErrCode code{};
  auto status = js_AddStream(nullptr, js, &config, &options, &code);
  if (status != NATS_OK && can_not_replicate(code)) {
    config.Replicas = 1;
    status = js_AddStream(nullptr, js, &config, &options, &code);
  }
  if (is_absent(status, code))
    return false;
  if (status != NATS_OK && !exists_already(code))
    return bus_failure(status, "create the stream PGTRICKLE_ALERTS");
  exists_ = true;
  return true;
}

result<void> alert_stream::store(natsMsg* msg, jsCtx* js,
                                 std::chrono::milliseconds timeout) {
  jsPubOptions options;
  jsPubOptions_Init(&options);
  options.MaxWait = timeout.count();
  const auto status = js_PublishMsg(nullptr, js, msg, &options, nullptr);
  if (status == NATS_OK)
    return {};
  // It may have been deleted: the next attempt creates it again.
  exists_ = false;
  return bus_failure(status, "store an alert");
}

result<void> alert_stream::keep(natsConnection* nc, natsMsg* msg,
                                std::chrono::milliseconds timeout) {
  jsCtx* raw = nullptr;
  if (auto s = natsConnection_JetStream(&raw, nc, nullptr); s != NATS_OK)
    return bus_failure(s, "JetStream");
  const jetstream_handle js{raw};
  const auto is_there = ensure(raw, timeout);
  if (!is_there)
    return tl::unexpected(is_there.error());
  if (*is_there)
    return store(msg, raw, timeout);
  auto status = natsConnection_PublishMsg(nc, msg);
  if (status == NATS_OK)
    status = natsConnection_FlushTimeout(nc, timeout.count());
  return status == NATS_OK ? result<void>{} : bus_failure(status, "flush");
}

} // namespace pgtrickle::bus
