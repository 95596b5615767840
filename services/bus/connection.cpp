#include "services/bus/connection.hpp"

#include "services/bus/alert_stream.hpp"
#include "services/bus/nats_messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
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

bool wants_tls(const std::vector<std::string>& urls) {
  return std::ranges::any_of(
    urls, [](const auto& url) { return url.starts_with("tls://"); });
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
        static_cast<std::size_t>(natsMsg_GetDataLength(raw))},
       headers_of(raw)});
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
  result<void> publish_with(const std::string& subject,
                            std::string_view payload,
                            const headers& told) override;
  std::size_t max_payload() const override {
    // Zero until the first connection.
    const auto limit = natsConnection_GetMaxPayload(handle_);
    return limit > 0 ? static_cast<std::size_t>(limit) : 1024 * 1024;
  }
  result<void> publish_once(const announcement& told,
                            std::chrono::milliseconds timeout) override;

private:
  static void link_changed(natsConnection* nc, void* closure) noexcept;

  natsStatus configure(natsOptions* opts);
  natsStatus name_server(natsOptions* opts);
  std::string why_unreachable();

  connection_options options_;
  natsConnection* handle_ = nullptr;
  alert_stream alerts_;
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

/// Which server, and how to get in.
natsStatus connection::name_server(natsOptions* opts) {
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
  // Of its own, so that the server's permissions can tell its replies apart.
  set(natsOptions_SetCustomInboxPrefix(opts, "_INBOX.pgtrickled"));
  if (!options_.credentials_file.empty())
    set(natsOptions_SetUserCredentialsFromFiles(
      opts, options_.credentials_file.c_str(), nullptr));
  if (!options_.authorities_file.empty())
    set(natsOptions_LoadCATrustedCertificates(
      opts, options_.authorities_file.c_str()));
  if (!options_.authorities_file.empty() || wants_tls(urls))
    set(natsOptions_SetSecure(opts, true));
  return status;
}

natsStatus connection::configure(natsOptions* opts) {
  auto status = name_server(opts);
  const auto set = [&status](natsStatus s) {
    if (status == NATS_OK)
      status = s;
  };
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

/// An attempt that is repeated in the background keeps its reason to itself:
/// another one, which is not, tells.
std::string connection::why_unreachable() {
  natsOptions* raw = nullptr;
  if (natsOptions_Create(&raw) != NATS_OK)
    return "no memory";
  const options_handle opts{raw};
  natsConnection* nc = nullptr;
  if (name_server(raw) == NATS_OK)
    static_cast<void>(natsConnection_Connect(&nc, raw));
  const auto* text = nats_GetLastError(nullptr);
  std::string reason{
    nc != nullptr || text == nullptr ? "it came up a moment later" : text};
  natsConnection_Destroy(nc);
  return reason;
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
      "Check the URL, the credentials file and the file of authorities.");
  const auto status = natsConnection_Connect(&handle_, raw);
  if (status != NATS_OK && status != NATS_NOT_YET_CONNECTED)
    return bus_failure(status, "connect");
  if (status != NATS_OK && options_.on_first_failure)
    options_.on_first_failure(why_unreachable());
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

result<void> connection::publish_with(const std::string& subject,
                                      std::string_view payload,
                                      const headers& told) {
  const auto msg = make_message(subject, payload, told);
  if (!msg)
    return tl::unexpected(msg.error());
  if (auto s = natsConnection_PublishMsg(handle_, msg->get()); s != NATS_OK)
    return bus_failure(s, "publish on " + subject);
  return {};
}

result<void> connection::publish_once(const announcement& told,
                                      std::chrono::milliseconds timeout) {
  if (!is_up())
    return fail(errc::connection_lost, "nats: not connected");
  auto told_headers = told.headers;
  told_headers.emplace_back("Nats-Msg-Id", told.id);
  const auto made = make_message(told.subject, told.payload, told_headers);
  if (!made)
    return tl::unexpected(made.error());
  return alerts_.keep(handle_, made->get(), timeout);
}

} // namespace

result<std::shared_ptr<channel>> connect(connection_options options) {
  auto made = std::make_shared<connection>(std::move(options));
  return made->open().map([&]() -> std::shared_ptr<channel> { return made; });
}

} // namespace pgtrickle::bus
