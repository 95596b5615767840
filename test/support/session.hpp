#pragma once

#include <chrono>
#include <libpq-fe.h>
#include <memory>
#include <string>
#include <vector>

namespace pgtrickle::test {

/// What one statement came to.
struct outcome {
  /// Empty: it succeeded.
  std::string sqlstate;
  std::string message;
  std::string detail;
  std::string hint;
  std::vector<std::vector<std::string>> rows;

  /// The first column of the first row, or what went wrong.
  [[nodiscard]] std::string value() const;
};

/// A session that shows every field of an error, which libpqxx 6 does not.
class session {
public:
  explicit session(const std::string& conninfo);

  outcome run(const std::string& statement);

  /// Sends a statement and returns at once; `result` waits for its outcome.
  void send(const std::string& statement);
  outcome result();

  /// The channel of the next notification, or nothing within `limit`.
  std::string wait_for_notification(std::chrono::milliseconds limit);

  /// `text` as an SQL literal.
  [[nodiscard]] std::string literal(const std::string& text) const;

  [[nodiscard]] int pid() const { return PQbackendPID(connection_.get()); }
  [[nodiscard]] bool connected() const;

  /// Primary messages of the notices so far.
  [[nodiscard]] std::vector<std::string>& notices() { return *notices_; }

private:
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
  /// Where the connection finds it however often the session was moved.
  std::unique_ptr<std::vector<std::string>> notices_
    = std::make_unique<std::vector<std::string>>();
};

/// Runs statements that must succeed; throws what went wrong.
void must(session& db, const std::string& statements);

} // namespace pgtrickle::test
