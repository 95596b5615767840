#include "services/http/connection.hpp"

#include "services/http/response_text.hpp"

#include <sys/poll.h>

#include <array>
#include <utility>

namespace pgtrickle::http {

namespace {

constexpr std::size_t max_request = max_head + max_body + 4096;
/// Of what a stream's client does not take.
constexpr std::size_t max_unsent = 1U << 20U;
constexpr std::size_t max_drained = 256U << 10U;

using io = transport::state;

} // namespace

connection::connection(transport bytes, time_point now)
  : bytes_(std::move(bytes)), deadline_(now + to_read) {}

short connection::wanted() const {
  const auto writes = !to_send_.empty() || tls_waits_to_write_;
  switch (phase_) {
    case phase::reading:
      return tls_waits_to_write_ ? POLLOUT : POLLIN;
    case phase::streaming:
      return static_cast<short>(POLLIN | (writes ? POLLOUT : 0));
    case phase::writing:
      return POLLOUT;
    case phase::draining:
      return POLLIN;
    case phase::working:
    case phase::closed:
      return 0;
  }
  return 0;
}

std::optional<request> connection::advance(short happened, time_point now) {
  if (happened == 0)
    return std::nullopt;
  if ((happened & (POLLERR | POLLNVAL)) != 0
      || (phase_ == phase::working && (happened & POLLHUP) != 0)) {
    phase_ = phase::closed;
    return std::nullopt;
  }
  if (phase_ == phase::reading)
    return read(now);
  if ((phase_ == phase::writing || phase_ == phase::streaming)
      && (happened & POLLOUT) != 0)
    write(now);
  if (phase_ == phase::draining || phase_ == phase::streaming)
    drain();
  return std::nullopt;
}

std::optional<request> connection::read(time_point now) {
  std::array<char, 16384> buffer;
  for (;;) {
    const auto [what, count] = bytes_.read(buffer.data(), buffer.size());
    tls_waits_to_write_ = what == io::wants_write;
    if (what == io::ended)
      phase_ = phase::closed;
    if (what != io::moved)
      return std::nullopt;
    received_.append(buffer.data(), count);
    auto parsed = parse_request(received_);
    if (const auto* refused = std::get_if<refusal>(&parsed)) {
      refuse(*refused, now);
      return std::nullopt;
    }
    if (auto* complete = std::get_if<request>(&parsed)) {
      phase_ = phase::working;
      received_ = {};
      return std::move(*complete);
    }
    if (received_.size() > max_request) {
      refuse({413, "the request is too large"}, now);
      return std::nullopt;
    }
  }
}

void connection::write(time_point now) {
  while (sent_ < to_send_.size()) {
    const auto [what, count]
      = bytes_.write(std::string_view{to_send_}.substr(sent_));
    if (what == io::ended) {
      phase_ = phase::closed;
      return;
    }
    if (what != io::moved)
      return;
    sent_ += count;
    deadline_ = now + to_take;
  }
  to_send_.clear();
  sent_ = 0;
  if (phase_ == phase::streaming) {
    deadline_ = time_point::max();
    return;
  }
  to_send_ = {};
  bytes_.finish();
  enter(phase::draining, now + to_drain);
}

/// What a client sends after its request is not looked at.
void connection::drain() {
  std::array<char, 16384> buffer;
  while (drained_ < max_drained) {
    const auto [what, count] = bytes_.read(buffer.data(), buffer.size());
    if (what == io::wants_read || what == io::wants_write)
      return;
    if (what == io::ended)
      break;
    drained_ += count;
  }
  phase_ = phase::closed;
}

void connection::expire(time_point now) {
  if (now < deadline_)
    return;
  if (phase_ == phase::reading && received_.empty())
    phase_ = phase::closed;
  else if (phase_ == phase::reading)
    refuse({408, "the request took too long"}, now);
  else if (phase_ != phase::working)
    phase_ = phase::closed;
}

void connection::send(std::string bytes, bool is_last, time_point now) {
  if (phase_ != phase::working && phase_ != phase::streaming)
    return;
  const auto was_empty = to_send_.empty();
  to_send_ += bytes;
  if (to_send_.size() - sent_ > max_unsent && phase_ == phase::streaming) {
    phase_ = phase::closed;
    return;
  }
  if (was_empty)
    deadline_ = now + to_take;
  phase_ = is_last ? phase::writing : phase::streaming;
  write(now);
}

void connection::refuse(const refusal& reason, time_point now) {
  phase_ = phase::working;
  send(text_of(plain(reason.status, reason.why), true), true, now);
}

void connection::enter(phase next, time_point deadline) {
  phase_ = next;
  deadline_ = deadline;
}

} // namespace pgtrickle::http
