#include "services/bus/connection.hpp"

#include "services/bus/subjects.hpp"

#include <fmt/format.h>
#include <nats/nats.h>

#include <atomic>
#include <cstring>
#include <vector>

namespace pgtrickle::bus {

namespace {

constexpr int reconnect_wait_ms = 500;
constexpr int reconnect_jitter_ms = 250;
constexpr int reconnect_buffer_bytes = 4 * 1024 * 1024;
constexpr int max_pending_messages = 4096;
constexpr int max_pending_bytes = 16 * 1024 * 1024;
/// A server that vanished is noticed after three of them.
constexpr int ping_interval_ms = 2000;

template <auto Destroy>
struct destroyer {
  template <class T>
  void operator()(T* x) const {
    Destroy(x);
  }
};

using options_handle
  = std::unique_ptr<natsOptions, destroyer<natsOptions_Destroy>>;
using message_handle = std::unique_ptr<natsMsg, destroyer<natsMsg_Destroy>>;
using jetstream_handle = std::unique_ptr<jsCtx, destroyer<jsCtx_Destroy>>;

tl::unexpected<failure> bus_failure(natsStatus status, std::string_view what) {
  return fail(errc::connection_lost,
              fmt::format("nats: {}: {}", what, natsStatus_GetText(status)));
}

std::vector<std::string> split_at_commas(const std::string& urls) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= urls.size();) {
    auto end = std::min(urls.find(',', begin), urls.size());
    if (end > begin)
      parts.push_back(urls.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// What nats.c calls back into. It owns itself: nats.c may still be in
/// `deliver` on its own thread when the subscription ends, and says in
/// `completed` that no more messages will come.
struct listener {
  message_handler handler;
  natsSubscription* handle = nullptr;

  static void deliver(natsConnection*, natsSubscription*, natsMsg* raw,
                      void* closure) noexcept {
    const message_handle msg{raw};
    const auto* reply = natsMsg_GetReply(raw);
    static_cast<listener*>(closure)->handler(
      {natsMsg_GetSubject(raw),
       reply == nullptr ? "" : reply,
       {natsMsg_GetData(raw),
        static_cast<std::size_t>(natsMsg_GetDataLength(raw))}});
  }

  static void completed(void* closure) noexcept {
    delete static_cast<listener*>(closure);
  }
};

/// A connection of nats.c.
class connection : public channel,
                   public std::enable_shared_from_this<connection> {
public:
  explicit connection(connection_options options)
    : options_(std::move(options)) {}

  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() override {
    is_closing_ = true;
    natsConnection_Destroy(handle_);
  }

  result<void> open();

  bool is_up() const override {
    return natsConnection_Status(handle_) == NATS_CONN_STATUS_CONNECTED;
  }

  result<subscription> subscribe(const std::string& subject,
                                 message_handler handler) override;
  result<void> publish(const std::string& subject,
                       std::string_view payload) override;
  result<void> publish_once(const announcement& told,
                            std::chrono::milliseconds timeout) override;

private:
  static void link_changed(natsConnection* nc, void* closure) noexcept;

  natsStatus configure(natsOptions* opts);
  bool ensure_stream(jsCtx* js);
  result<void> store(natsMsg* msg, jsCtx* js,
                     std::chrono::milliseconds timeout);

  connection_options options_;
  natsConnection* handle_ = nullptr;
  std::atomic<bool> stream_exists_ = false;
  std::atomic<bool> is_closing_ = false;
};

/// Slow consumers and the like: counted by nats.c, and nothing to be done.
void ignore_error(natsConnection*, natsSubscription*, natsStatus,
                  void*) noexcept {}

void connection::link_changed(natsConnection* nc, void* closure) noexcept {
  const auto& self = *static_cast<connection*>(closure);
  if (self.options_.on_link_change && !self.is_closing_)
    self.options_.on_link_change(natsConnection_Status(nc)
                                 == NATS_CONN_STATUS_CONNECTED);
}

natsStatus connection::configure(natsOptions* opts) {
  const auto urls = split_at_commas(options_.url);
  std::vector<const char*> servers;
  for (const auto& url : urls)
    servers.push_back(url.c_str());
  natsStatus status = NATS_OK;
  const auto set = [&status](natsStatus s) {
    if (status == NATS_OK)
      status = s;
  };
  set(natsOptions_SetServers(opts, servers.data(),
                             static_cast<int>(servers.size())));
  set(natsOptions_SetName(opts, options_.name.c_str()));
  if (!options_.credentials_file.empty())
    set(natsOptions_SetUserCredentialsFromFiles(
      opts, options_.credentials_file.c_str(), nullptr));
  set(natsOptions_SetMaxReconnect(opts, -1));
  set(natsOptions_SetReconnectWait(opts, reconnect_wait_ms));
  set(natsOptions_SetReconnectJitter(opts, reconnect_jitter_ms,
                                     reconnect_jitter_ms));
  set(natsOptions_SetReconnectBufSize(opts, reconnect_buffer_bytes));
  set(natsOptions_SetPingInterval(opts, ping_interval_ms));
  set(natsOptions_SetSendAsap(opts, true));
  set(natsOptions_SetErrorHandler(opts, ignore_error, nullptr));
  set(natsOptions_SetDisconnectedCB(opts, link_changed, this));
  set(natsOptions_SetReconnectedCB(opts, link_changed, this));
  set(natsOptions_SetRetryOnFailedConnect(opts, true, link_changed, this));
  return status;
}

result<void> connection::open() {
  if (options_.url.empty())
    return fail(errc::invalid_argument, "nats: the server's URL is empty");
  natsOptions* raw = nullptr;
  if (auto status = natsOptions_Create(&raw); status != NATS_OK)
    return bus_failure(status, "options");
  const options_handle opts{raw};
  if (auto status = configure(raw); status != NATS_OK)
    return fail(
      errc::invalid_argument,
      fmt::format("nats: options refused: {}", natsStatus_GetText(status)),
      "Check the URL and the credentials file.");
  const auto status = natsConnection_Connect(&handle_, raw);
  if (status != NATS_OK && status != NATS_NOT_YET_CONNECTED)
    return bus_failure(status, "connect");
  return {};
}

result<subscription> connection::subscribe(const std::string& subject,
                                           message_handler handler) {
  auto owned = std::make_unique<listener>();
  owned->handler = std::move(handler);
  const auto status = natsConnection_Subscribe(
    &owned->handle, handle_, subject.c_str(), listener::deliver, owned.get());
  if (status != NATS_OK)
    return bus_failure(status, "subscribe to " + subject);
  auto* self = owned.release();
  static_cast<void>(natsSubscription_SetPendingLimits(
    self->handle, max_pending_messages, max_pending_bytes));
  static_cast<void>(
    natsSubscription_SetOnCompleteCB(self->handle, listener::completed, self));
  const auto unsubscribe
    = [owner = shared_from_this(), handle = self->handle](void*) {
        static_cast<void>(natsSubscription_Unsubscribe(handle));
        natsSubscription_Destroy(handle);
      };
  return subscription{self, unsubscribe};
}

result<void> connection::publish(const std::string& subject,
                                 std::string_view payload) {
  const auto status = natsConnection_Publish(
    handle_, subject.c_str(), payload.data(), static_cast<int>(payload.size()));
  if (status != NATS_OK)
    return bus_failure(status, "publish on " + subject);
  return {};
}

/// Creates the stream that keeps alerts, once. False: no JetStream there.
bool connection::ensure_stream(jsCtx* js) {
  if (stream_exists_)
    return true;
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  const auto subject = every_alert_subject();
  const char* subjects[] = {subject.c_str()};
  config.Name = "pgtrickle_alerts";
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  config.MaxAge = std::chrono::nanoseconds{std::chrono::hours{24 * 7}}.count();
  config.MaxBytes = 256LL * 1024 * 1024;
  jsErrCode code{};
  const auto status = js_AddStream(nullptr, js, &config, nullptr, &code);
  // A stream of that name with other limits is the operator's choice.
  stream_exists_ = status == NATS_OK || code == JSStreamNameExistErr;
  return stream_exists_;
}

result<void> connection::store(natsMsg* msg, jsCtx* js,
                               std::chrono::milliseconds timeout) {
  jsPubOptions options;
  jsPubOptions_Init(&options);
  options.MaxWait = timeout.count();
  const auto status = js_PublishMsg(nullptr, js, msg, &options, nullptr);
  if (status == NATS_OK)
    return {};
  // The stream may have been deleted: the next attempt creates it again.
  stream_exists_ = false;
  return bus_failure(status, "store an alert");
}

natsStatus set_headers(natsMsg* msg, const announcement& told) {
  auto status = natsMsgHeader_Set(msg, "Nats-Msg-Id", told.id.c_str());
  for (const auto& [name, value] : told.headers)
    if (status == NATS_OK)
      status = natsMsgHeader_Set(msg, name.c_str(), value.c_str());
  return status;
}

result<void> connection::publish_once(const announcement& told,
                                      std::chrono::milliseconds timeout) {
  if (!is_up())
    return fail(errc::connection_lost, "nats: not connected");
  natsMsg* raw = nullptr;
  if (auto s
      = natsMsg_Create(&raw, told.subject.c_str(), nullptr, told.payload.data(),
                       static_cast<int>(told.payload.size()));
      s != NATS_OK)
    return bus_failure(s, "message");
  const message_handle msg{raw};
  if (auto s = set_headers(raw, told); s != NATS_OK)
    return bus_failure(s, "header");
  jsCtx* js_raw = nullptr;
  if (auto s = natsConnection_JetStream(&js_raw, handle_, nullptr);
      s != NATS_OK)
    return bus_failure(s, "JetStream");
  const jetstream_handle js{js_raw};
  if (ensure_stream(js_raw))
    return store(raw, js_raw, timeout);
  auto status = natsConnection_PublishMsg(handle_, raw);
  if (status == NATS_OK)
    status = natsConnection_FlushTimeout(handle_, timeout.count());
  return status == NATS_OK ? result<void>{} : bus_failure(status, "flush");
}

} // namespace

result<std::shared_ptr<channel>> connect(connection_options options) {
  auto made = std::make_shared<connection>(std::move(options));
  return made->open().map([&]() -> std::shared_ptr<channel> { return made; });
}

} // namespace pgtrickle::bus
