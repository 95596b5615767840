#include "test/sql/fake_daemon.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

namespace pgtrickle::test {

namespace {

std::string hmac_sha256(const std::string& key, const std::string& text) {
  std::array<unsigned char, 32> digest{};
  unsigned int size = digest.size();
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       digest.data(), &size);
  return {digest.begin(), digest.end()};
}

void check(natsStatus status) {
  if (status != NATS_OK)
    throw std::runtime_error(natsStatus_GetText(status));
}

} // namespace

void replier::raw(const std::string& bytes) const {
  check(natsConnection_Publish(connection_, inbox_.c_str(), bytes.data(),
                               static_cast<int>(bytes.size())));
}

void replier::send(const wire::Reply& reply) const {
  raw(reply.SerializeAsString());
}

void replier::alive() const {
  wire::Reply reply;
  reply.set_alive(true);
  send(reply);
}

void replier::notice(const std::string& text) const {
  wire::Reply reply;
  reply.set_notice(text);
  send(reply);
}

void replier::error(const std::string& sqlstate, const std::string& message,
                    const std::string& detail, const std::string& hint) const {
  wire::Reply reply;
  auto& error = *reply.mutable_error();
  error.set_sqlstate(sqlstate);
  error.set_message(message);
  error.set_detail(detail);
  error.set_hint(hint);
  send(reply);
}

void replier::not_begun() const {
  wire::Reply reply;
  auto& error = *reply.mutable_error();
  error.set_sqlstate("57P03");
  error.set_not_begun(true);
  send(reply);
}

void replier::part(const std::string& slice, std::uint32_t index,
                   std::uint32_t count) const {
  wire::Reply reply;
  auto& part = *reply.mutable_result();
  part.set_json(slice);
  part.set_index(index);
  part.set_count(count);
  send(reply);
}

void replier::result(const std::string& json) const { part(json, 0, 1); }

fake_daemon::fake_daemon(const std::string& nats_url,
                         const std::string& subject_prefix, std::string secret)
  : secret_(std::move(secret)) {
  check(natsConnection_ConnectTo(&connection_, nats_url.c_str()));
  check(natsConnection_Subscribe(&calls_subscription_, connection_,
                                 (subject_prefix + ".call.*").c_str(),
                                 on_message, this));
  check(natsConnection_Subscribe(&cancels_subscription_, connection_,
                                 (subject_prefix + ".cancel").c_str(),
                                 on_message, this));
  check(natsConnection_Flush(connection_));
}

fake_daemon::~fake_daemon() {
  natsConnection_Close(connection_);
  natsSubscription_Destroy(calls_subscription_);
  natsSubscription_Destroy(cancels_subscription_);
  natsConnection_Destroy(connection_);
}

void fake_daemon::answers(answer with) {
  const std::lock_guard lock(mutex_);
  answer_ = std::move(with);
  calls_.clear();
  cancels_.clear();
}

void fake_daemon::on_message(natsConnection*, natsSubscription*,
                             natsMsg* message, void* self) {
  static_cast<fake_daemon*>(self)->receive(message);
  natsMsg_Destroy(message);
}

void fake_daemon::receive(natsMsg* message) {
  const std::lock_guard lock(mutex_);
  wire::SignedCall envelope;
  wire::Call call;
  const auto valid
    = envelope.ParseFromArray(natsMsg_GetData(message),
                              natsMsg_GetDataLength(message))
      && hmac_sha256(secret_, envelope.call()) == envelope.signature()
      && call.ParseFromString(envelope.call());
  if (!valid) {
    ++forged_;
    return;
  }
  (call.method() == "cancel" ? cancels_ : calls_).push_back(call);
  if (call.method() != "cancel" && answer_)
    answer_(call, replier(connection_, natsMsg_GetReply(message)));
  arrived_.notify_all();
}

std::optional<wire::Call> fake_daemon::take(std::vector<wire::Call>& from,
                                            std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  if (!arrived_.wait_for(lock, limit, [&] { return !from.empty(); }))
    return std::nullopt;
  auto first = from.front();
  from.erase(from.begin());
  return first;
}

std::optional<wire::Call>
fake_daemon::take_call(std::chrono::milliseconds limit) {
  return take(calls_, limit);
}

std::optional<wire::Call>
fake_daemon::take_cancel(std::chrono::milliseconds limit) {
  return take(cancels_, limit);
}

} // namespace pgtrickle::test
