#pragma once

#include "services/core/result.hpp"
#include "services/postgres/connection_gate.hpp"
#include "services/postgres/sqlstate.hpp"

#include <pqxx/pqxx>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pgtrickle::postgres {

/// How a session connects, and what it may wait for.
struct session_options {
  /// libpq connection string or URI; secrets in it are never logged.
  std::string conninfo;
  /// Overrides the database of `conninfo` unless empty.
  std::string database = {};
  std::string application_name = "pgtrickle";
  std::chrono::milliseconds lock_timeout{1000};
  /// Zero: no limit.
  std::chrono::milliseconds statement_timeout{0};
  std::chrono::seconds connect_timeout{5};
  /// Where the session waits for its place; null: it takes none.
  std::shared_ptr<connection_gate> gate = {};
  /// It stays open for as long as its database is looked after.
  bool lasts = false;
};

/// Thrown inside `session::run` to leave a transaction with a failure.
class abandoned : public std::exception {
public:
  explicit abandoned(failure reason) : reason_(std::move(reason)) {}
  [[nodiscard]] const failure& reason() const { return reason_; }
  [[nodiscard]] const char* what() const noexcept override {
    return reason_.message.c_str();
  }

private:
  failure reason_;
};

/// Returns the value of `x`, or leaves the transaction with its failure.
template <class T>
T value_of(result<T> x) {
  if (!x)
    throw abandoned(std::move(x.error()));
  if constexpr (!std::is_void_v<T>)
    return std::move(*x);
}

enum class isolation : std::uint8_t { read_committed, repeatable_read };

/// A connection to one database. The only place where libpqxx's exceptions
/// become failures. Blocks: belongs in a detached actor.
class session {
public:
  /// Connects; waits while the server or the gate has no room. Errors:
  /// connection_lost, permission_denied, overloaded.
  [[nodiscard]] static result<session> open(const session_options& options);

  /// Runs `work` in a transaction and commits it. A failure or an exception
  /// rolls back. The transaction is what `work` gets.
  template <class T>
  [[nodiscard]] result<T>
  run(isolation level, const std::function<T(pqxx::dbtransaction&)>& work);

  /// Lets `work` run one statement, which is a transaction of its own: one
  /// round trip instead of three.
  template <class T>
  [[nodiscard]] result<T>
  once(const std::function<T(pqxx::transaction_base&)>& work);

  /// Runs one statement outside any transaction block.
  [[nodiscard]] result<pqxx::result> exec(std::string_view statement);

  /// NOTICEs since the last call of this function.
  [[nodiscard]] std::vector<std::string> take_notices();

  /// Waits for notifications at most `timeout`; returns "channel payload"
  /// pairs.
  [[nodiscard]] result<std::vector<std::pair<std::string, std::string>>>
  notifications(std::chrono::milliseconds timeout);

  /// Starts to listen on `channel`.
  [[nodiscard]] result<void> listen(const std::string& channel);

  [[nodiscard]] int backend_pid() const;
  /// Readable when something arrives outside of a statement.
  [[nodiscard]] int socket();
  [[nodiscard]] pqxx::connection& raw();

private:
  struct state;
  [[nodiscard]] static result<session> connect(const session_options& options);
  explicit session(std::shared_ptr<state> s) : state_(std::move(s)) {}
  /// What came of `attempt`, which gets a function that runs a transaction and
  /// keeps the value.
  template <class T, class Attempt>
  [[nodiscard]] result<T> outcome(const Attempt& attempt);
  [[nodiscard]] failure guarded(const std::function<void()>& action,
                                bool& failed);

  std::shared_ptr<state> state_;
};

/// Sets the savepoint of a subtransaction. libpqxx does it in the first exec(),
/// but neither in exec_params() nor in exec_prepared().
void set_savepoint(pqxx::subtransaction& tx);

/// Runs `action` behind a savepoint: when it fails, what it did is undone and
/// the transaction goes on. Failures that concern the whole transaction
/// (reaction retry or halt, a cancel) are not held back.
[[nodiscard]] result<void>
within_savepoint(pqxx::dbtransaction& tx,
                 const std::function<void(pqxx::dbtransaction&)>& action);

template <class T>
result<T> session::once(const std::function<T(pqxx::transaction_base&)>& work) {
  return outcome<T>(
    [&](auto&& keep) { keep(pqxx::nontransaction{raw()}, work); });
}

template <class T>
result<T> session::run(isolation level,
                       const std::function<T(pqxx::dbtransaction&)>& work) {
  return outcome<T>([&](auto&& keep) {
    if (level == isolation::repeatable_read)
      keep(pqxx::transaction<pqxx::repeatable_read>{raw()}, work);
    else
      keep(pqxx::work{raw()}, work);
  });
}

template <class T, class Attempt>
result<T> session::outcome(const Attempt& attempt) {
  std::conditional_t<std::is_void_v<T>, std::monostate, std::optional<T>> value;
  const auto keep = [&](auto&& tx, const auto& work) {
    if constexpr (std::is_void_v<T>)
      work(tx);
    else
      value.emplace(work(tx));
    tx.commit();
  };
  bool failed = false;
  auto reason = guarded([&] { attempt(keep); }, failed);
  if (failed)
    return tl::unexpected(std::move(reason));
  if constexpr (std::is_void_v<T>)
    return {};
  else
    return std::move(*value);
}

} // namespace pgtrickle::postgres
