#include "services/http/event_loop.hpp"

#include "services/http/priority.hpp"
#include "services/http/response_text.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace pgtrickle::http {

namespace {

using phase = connection::phase;

constexpr int accepted_at_once = 16;
/// Before the sockets of the clients: the mailbox and the listener.
constexpr std::size_t fixed = 2;

} // namespace

event_loop::event_loop(listener listening, router routes, loop_options options)
  : listening_(std::move(listening)), routes_(std::move(routes)),
    options_(std::move(options)) {}

void event_loop::run() {
  give_way();
  std::vector<pollfd> awaited;
  while (!is_stopping_) {
    wait(awaited);
    const auto now = std::chrono::steady_clock::now();
    deliver(now);
    advance(awaited, now);
    if (awaited[1].revents != 0)
      accept(now);
    expire(now);
    forget_closed();
  }
  mail_.close_all();
}

void event_loop::stop() {
  is_stopping_ = true;
  mail_.wake();
}

/// In the order of the clients' numbers.
void event_loop::wait(std::vector<pollfd>& awaited) const {
  awaited.clear();
  awaited.push_back({mail_.descriptor(), POLLIN, 0});
  awaited.push_back({listening_.descriptor(), POLLIN, 0});
  for (const auto& [who, client] : clients_)
    awaited.push_back({client.descriptor(), client.wanted(), 0});
  ::poll(awaited.data(), awaited.size(), milliseconds_to_next_deadline());
}

int event_loop::milliseconds_to_next_deadline() const {
  auto next = time_point::max();
  for (const auto& [who, client] : clients_)
    next = std::min(next, client.deadline());
  if (next == time_point::max())
    return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
    next - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

void event_loop::accept(time_point now) {
  for (int i = 0; i < accepted_at_once; ++i) {
    const auto socket = listening_.accept();
    if (socket < 0)
      return;
    connection arrived{transport{socket, options_.identity.get()}, now};
    if (!make_room()) {
      arrived.refuse({503, "too many connections"}, now);
      continue;
    }
    const auto who = ++last_client_;
    auto& client = clients_.emplace(who, std::move(arrived)).first->second;
    // Its request is often there already.
    if (auto asked = client.advance(POLLIN, now))
      begin(who, client, std::move(*asked), now);
  }
}

/// Who has not even sent a request gives way, the one that has been there for
/// longest first: so nobody keeps others out by being slow.
bool event_loop::make_room() {
  forget_closed();
  if (clients_.size() < options_.max_connections)
    return true;
  for (const auto idle : {phase::draining, phase::reading}) {
    const auto found = std::ranges::find_if(clients_, [&](const auto& entry) {
      return entry.second.where() == idle;
    });
    if (found != clients_.end()) {
      clients_.erase(found);
      return true;
    }
  }
  return false;
}

void event_loop::advance(const std::vector<pollfd>& awaited, time_point now) {
  auto it = clients_.begin();
  for (std::size_t i = fixed; i < awaited.size(); ++i, ++it)
    if (auto asked = it->second.advance(awaited[i].revents, now))
      begin(it->first, it->second, std::move(*asked), now);
}

void event_loop::begin(mailbox::client who, connection& with, request asked,
                       time_point now) {
  with.work_until(now + options_.handler_timeout());
  mail_.open(who);
  if (workers_.submit(
        [this, who, asked = std::move(asked)] { answer(who, asked); }))
    return;
  mail_.close(who);
  with.refuse({503, "too many requests are being answered"}, now);
}

void event_loop::deliver(time_point now) {
  for (auto& piece : mail_.take()) {
    const auto found = clients_.find(piece.to);
    if (found == clients_.end())
      continue;
    found->second.send(std::move(piece.bytes), piece.is_last, now);
  }
}

void event_loop::expire(time_point now) {
  for (auto& [who, client] : clients_) {
    if (client.where() == phase::working && now >= client.deadline()) {
      mail_.close(who);
      options_.timed_out();
      client.refuse({503, "the answer took too long"}, now);
    }
    client.expire(now);
  }
}

void event_loop::forget_closed() {
  std::erase_if(clients_, [&](const auto& entry) {
    const auto is_closed = entry.second.where() == phase::closed;
    if (is_closed)
      mail_.close(entry.first);
    return is_closed;
  });
}

// -- on the workers -----------------------------------------------------------

void event_loop::answer(mailbox::client who, const request& asked) {
  // Its client may have given up while it waited.
  if (!mail_.waits(who))
    return;
  auto got = answer_of(asked);
  const auto with_body = asked.method != "HEAD";
  if (!with_body)
    got.next_chunk = {};
  if (got.next_chunk && ++streams_ > max_streams) {
    --streams_;
    got = plain(503, "too many streams");
  }
  options_.answered(got.status);
  const auto is_stream = static_cast<bool>(got.next_chunk);
  const auto waits = mail_.deliver({who, text_of(got, with_body), !is_stream});
  if (!is_stream)
    return;
  if (waits)
    stream(who, got);
  --streams_;
}

/// A page that fails takes nothing else with it.
response event_loop::answer_of(const request& asked) const {
  try {
    return routes_.answer(asked);
  } catch (const std::exception&) {
    return plain(500, "internal error");
  }
}

void event_loop::stream(mailbox::client who, const response& from) {
  while (mail_.waits(who)) {
    auto piece = from.next_chunk();
    const auto is_last = !piece;
    if (!is_last && piece->empty())
      continue;
    if (!mail_.deliver({who, std::move(piece).value_or(""), is_last})
        || is_last)
      return;
  }
}

} // namespace pgtrickle::http
