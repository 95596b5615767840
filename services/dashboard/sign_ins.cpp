#include "services/dashboard/sign_ins.hpp"

#include <sys/random.h>

#include <array>
#include <stdexcept>

namespace pgtrickle::dashboard {

namespace {

std::string random_text() {
  std::array<unsigned char, 32> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0)
      != static_cast<ssize_t>(bytes.size()))
    throw std::runtime_error("the kernel gives no random bytes");
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const auto byte : bytes) {
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

/// Also where nobody asks any more, so that a session does not outlast them.
std::string idle_limit() {
  const std::chrono::milliseconds limit = sign_ins::idle;
  return "SET idle_session_timeout = " + std::to_string(limit.count());
}

} // namespace

result<ticket> sign_ins::sign_in(const postgres::role_password& who,
                                 time_point now) {
  const std::unique_lock attempting{attempting_, std::try_to_lock};
  if (!attempting || now < next_attempt_)
    return fail(errc::overloaded,
                "somebody else tries to sign in, or has just "
                "failed to",
                "Try again in a second.");
  if (!has_room(now))
    return fail(errc::overloaded, "as many are signed in as can be",
                "Somebody has to sign out, or to do nothing for a while.");
  auto session = open_(who);
  if (!session) {
    next_attempt_ = now + after_failure;
    return tl::unexpected(std::move(session.error()));
  }
  if (auto limited = session->run(idle_limit()); !limited)
    return tl::unexpected(std::move(limited.error()));
  ticket given{random_text(), random_text(), who.role, who.database};
  const std::scoped_lock lock{mutex_};
  visitors_[given.secret].reset(
    new visitor{given, std::move(*session), {}, now});
  return given;
}

bool sign_ins::has_room(time_point now) {
  const std::scoped_lock lock{mutex_};
  forget_idle(now);
  return visitors_.size() < most;
}

std::optional<ticket> sign_ins::find(const std::string& secret,
                                     time_point now) {
  const auto found = visitor_of(secret, now);
  return found ? std::optional{found->holds} : std::nullopt;
}

void sign_ins::sign_out(const std::string& secret) {
  const std::scoped_lock lock{mutex_};
  visitors_.erase(secret);
}

result<postgres::text_rows>
sign_ins::run(const std::string& secret, const std::string& statement,
              const std::vector<postgres::text_value>& parameters,
              time_point now) {
  const auto found = visitor_of(secret, now);
  if (!found)
    return fail(errc::call_rejected, "nobody is signed in here", "Sign in.");
  const std::unique_lock acting{found->acting, std::try_to_lock};
  if (!acting)
    return fail(errc::wrong_state, "the last action goes on",
                "The stream table's page shows when it has ended.");
  {
    const std::scoped_lock lock{mutex_};
    found->acted_at = now;
  }
  auto done = found->session.run(statement, parameters);
  if (!done && done.error().code == errc::connection_lost)
    sign_out(secret);
  return done;
}

sign_ins::visitor_ptr sign_ins::visitor_of(const std::string& secret,
                                           time_point now) {
  const std::scoped_lock lock{mutex_};
  forget_idle(now);
  const auto found = visitors_.find(secret);
  return found == visitors_.end() ? nullptr : found->second;
}

void sign_ins::forget_idle(time_point now) {
  std::erase_if(visitors_, [&](const auto& entry) {
    return now - entry.second->acted_at > idle;
  });
}

bool is_same_secret(const std::string& a, const std::string& b) {
  if (a.size() != b.size())
    return false;
  unsigned differs = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    differs |= static_cast<unsigned char>(a[i] ^ b[i]);
  return differs == 0;
}

} // namespace pgtrickle::dashboard
