#pragma once

#include "services/postgres/role_client.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace pgtrickle::dashboard {

/// Opens a session as the role that somebody says they are.
using role_opener
  = std::function<result<postgres::client>(const postgres::role_password&)>;

/// What somebody who signed in holds.
struct ticket {
  /// Of the cookie, which no script can read.
  std::string secret;
  /// Sent with each action: no page from elsewhere can know it.
  std::string token;
  std::string role;
  std::string database;
};

/// Those who signed in as roles of PostgreSQL, each with a session of its own.
/// No password is kept. Time is an argument; safe to use from all threads.
class sign_ins {
public:
  using time_point = std::chrono::steady_clock::time_point;

  static constexpr std::size_t most = 8;
  /// Without an action for so long, somebody has to sign in again.
  static constexpr std::chrono::minutes idle{15};
  /// Between an attempt that failed and the next one, whoever makes it.
  static constexpr std::chrono::seconds after_failure{1};

  explicit sign_ins(role_opener open) : open_(std::move(open)) {}

  /// Errors: permission_denied, overloaded (too many, or too soon).
  [[nodiscard]] result<ticket> sign_in(const postgres::role_password& who,
                                       time_point now);
  /// Whose the cookie's secret is.
  [[nodiscard]] std::optional<ticket> find(const std::string& secret,
                                           time_point now);
  void sign_out(const std::string& secret);

  /// Runs a statement as the role of that secret. Errors: call_rejected (they
  /// are signed in no longer), wrong_state (their last action goes on), those
  /// of the statement.
  [[nodiscard]] result<postgres::text_rows>
  run(const std::string& secret, const std::string& statement,
      const std::vector<postgres::text_value>& parameters, time_point now);

private:
  struct visitor {
    ticket holds;
    postgres::client session;
    std::mutex acting;
    time_point acted_at;
  };
  using visitor_ptr = std::shared_ptr<visitor>;

  [[nodiscard]] visitor_ptr visitor_of(const std::string& secret,
                                       time_point now);
  [[nodiscard]] bool has_room(time_point now);
  void forget_idle(time_point now);

  role_opener open_;
  /// One at a time asks PostgreSQL to be let in.
  std::mutex attempting_;
  time_point next_attempt_;
  std::mutex mutex_;
  std::map<std::string, visitor_ptr> visitors_;
};

/// Compares in a time that tells nothing of where they differ.
[[nodiscard]] bool is_same_secret(const std::string& a, const std::string& b);

} // namespace pgtrickle::dashboard
