#include "test/support/nats_client.hpp"

#include <cstdlib>
#include <stdexcept>

namespace pgtrickle::test {

namespace {

void check(natsStatus status) {
  if (status != NATS_OK)
    throw std::runtime_error(natsStatus_GetText(status));
}

std::string text(const char* value) { return value == nullptr ? "" : value; }

std::map<std::string, std::string> headers_of(natsMsg* message) {
  std::map<std::string, std::string> headers;
  const char** names = nullptr;
  int count = 0;
  if (natsMsgHeader_Keys(message, &names, &count) != NATS_OK)
    return headers;
  for (int i = 0; i < count; ++i) {
    const char* value = nullptr;
    natsMsgHeader_Get(message, names[i], &value);
    headers[names[i]] = text(value);
  }
  free(static_cast<void*>(names));
  return headers;
}

natsConnection* connect(const std::string& url) {
  natsConnection* connection = nullptr;
  check(natsConnection_ConnectTo(&connection, url.c_str()));
  return connection;
}

natsConnection* connect_as(const std::string& url,
                           const std::string& authorities,
                           const std::string& inbox_prefix) {
  natsOptions* raw = nullptr;
  check(natsOptions_Create(&raw));
  const std::unique_ptr<natsOptions, void (*)(natsOptions*)> options{
    raw, natsOptions_Destroy};
  check(natsOptions_SetURL(raw, url.c_str()));
  check(natsOptions_SetCustomInboxPrefix(raw, inbox_prefix.c_str()));
  if (!authorities.empty())
    check(natsOptions_LoadCATrustedCertificates(raw, authorities.c_str()));
  natsConnection* connection = nullptr;
  check(natsConnection_Connect(&connection, raw));
  return connection;
}

nats_message taken(natsMsg* raw) {
  nats_message message{text(natsMsg_GetSubject(raw)),
                       text(natsMsg_GetReply(raw)),
                       {natsMsg_GetData(raw),
                        static_cast<std::size_t>(natsMsg_GetDataLength(raw))},
                       {},
                       headers_of(raw)};
  message.id = message.headers["Nats-Msg-Id"];
  natsMsg_Destroy(raw);
  return message;
}

struct outgoing_message {
  outgoing_message(const std::string& subject, const std::string& payload,
                   const std::map<std::string, std::string>& headers,
                   const char* reply) {
    check(natsMsg_Create(&raw, subject.c_str(), reply, payload.data(),
                         static_cast<int>(payload.size())));
    for (const auto& [name, value] : headers)
      check(natsMsgHeader_Set(raw, name.c_str(), value.c_str()));
  }
  outgoing_message(const outgoing_message&) = delete;
  outgoing_message& operator=(const outgoing_message&) = delete;
  ~outgoing_message() { natsMsg_Destroy(raw); }

  natsMsg* raw = nullptr;
};

} // namespace

std::optional<nats_message>
nats_subscription::next(std::chrono::milliseconds limit) {
  natsMsg* raw = nullptr;
  if (natsSubscription_NextMsg(&raw, handle_.get(), limit.count()) != NATS_OK)
    return std::nullopt;
  return taken(raw);
}

nats_client::nats_client(const std::string& url)
  : connection_(connect(url), natsConnection_Destroy) {}

nats_client::nats_client(const std::string& url, const std::string& authorities,
                         const std::string& inbox_prefix)
  : connection_(connect_as(url, authorities, inbox_prefix),
                natsConnection_Destroy) {}

void nats_client::publish(const std::string& subject,
                          const std::string& payload,
                          const std::string& reply) {
  const auto size = static_cast<int>(payload.size());
  if (reply.empty())
    check(natsConnection_Publish(connection_.get(), subject.c_str(),
                                 payload.data(), size));
  else
    check(natsConnection_PublishRequest(connection_.get(), subject.c_str(),
                                        reply.c_str(), payload.data(), size));
}

void nats_client::publish_with(
  const std::string& subject, const std::string& payload,
  const std::map<std::string, std::string>& headers, const std::string& reply) {
  const outgoing_message message{subject, payload, headers,
                                 reply.empty() ? nullptr : reply.c_str()};
  check(natsConnection_PublishMsg(connection_.get(), message.raw));
}

std::optional<nats_message>
nats_client::request(const std::string& subject, const std::string& payload,
                     const std::map<std::string, std::string>& headers,
                     std::chrono::milliseconds limit) {
  const outgoing_message message{subject, payload, headers, nullptr};
  natsMsg* answer = nullptr;
  if (natsConnection_RequestMsg(&answer, connection_.get(), message.raw,
                                limit.count())
      != NATS_OK)
    return std::nullopt;
  return taken(answer);
}

nats_subscription nats_client::subscribe(const std::string& subject) {
  natsSubscription* handle = nullptr;
  check(
    natsConnection_SubscribeSync(&handle, connection_.get(), subject.c_str()));
  flush();
  return nats_subscription{handle};
}

nats_subscription nats_client::replay(const std::string& subject) {
  if (!jetstream_) {
    jsCtx* context = nullptr;
    check(natsConnection_JetStream(&context, connection_.get(), nullptr));
    jetstream_.reset(context);
  }
  jsSubOptions options;
  check(jsSubOptions_Init(&options));
  options.Ordered = true;
  natsSubscription* handle = nullptr;
  check(js_SubscribeSync(&handle, jetstream_.get(), subject.c_str(), nullptr,
                         &options, nullptr));
  return nats_subscription{handle};
}

void nats_client::flush() { check(natsConnection_Flush(connection_.get())); }

} // namespace pgtrickle::test
