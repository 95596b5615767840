#include "test/support/session.hpp"

#include <poll.h>
#include <stdexcept>

namespace pgtrickle::test {

namespace {

std::string field(const PGresult* result, int code) {
  const auto* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

outcome outcome_of(const PGresult* result) {
  outcome all{field(result, PG_DIAG_SQLSTATE),
              field(result, PG_DIAG_MESSAGE_PRIMARY),
              field(result, PG_DIAG_MESSAGE_DETAIL),
              field(result, PG_DIAG_MESSAGE_HINT),
              {}};
  for (int row = 0; row < PQntuples(result); ++row) {
    auto& columns = all.rows.emplace_back();
    for (int column = 0; column < PQnfields(result); ++column)
      columns.emplace_back(PQgetisnull(result, row, column) != 0
                             ? "(null)"
                             : PQgetvalue(result, row, column));
  }
  return all;
}

void keep_notice(void* notices, const PGresult* result) {
  static_cast<std::vector<std::string>*>(notices)->push_back(
    field(result, PG_DIAG_MESSAGE_PRIMARY));
}

} // namespace

std::string outcome::value() const {
  if (!sqlstate.empty())
    return sqlstate + ": " + message;
  return rows.empty() ? "(no rows)" : rows.front().front();
}

session::session(const std::string& conninfo)
  : connection_(PQconnectdb(conninfo.c_str()), PQfinish) {
  if (!connected())
    throw std::runtime_error(PQerrorMessage(connection_.get()));
  PQsetNoticeReceiver(connection_.get(), keep_notice, notices_.get());
}

bool session::connected() const {
  return PQstatus(connection_.get()) == CONNECTION_OK;
}

std::string session::literal(const std::string& text) const {
  const std::unique_ptr<char, void (*)(void*)> quoted(
    PQescapeLiteral(connection_.get(), text.data(), text.size()), PQfreemem);
  return quoted.get();
}

outcome session::run(const std::string& statement) {
  send(statement);
  return result();
}

void session::send(const std::string& statement) {
  if (PQsendQuery(connection_.get(), statement.c_str()) != 1)
    throw std::runtime_error(PQerrorMessage(connection_.get()));
}

// Of several results, the first error or else the last one.
outcome session::result() {
  outcome all;
  while (auto* next = PQgetResult(connection_.get())) {
    if (all.sqlstate.empty())
      all = outcome_of(next);
    PQclear(next);
  }
  return all;
}

std::string session::wait_for_notification(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < deadline) {
    PQconsumeInput(connection_.get());
    if (auto* notification = PQnotifies(connection_.get())) {
      std::string channel = notification->relname;
      PQfreemem(notification);
      return channel;
    }
    pollfd socket{PQsocket(connection_.get()), POLLIN, 0};
    poll(&socket, 1, 50);
  }
  return {};
}

void must(session& db, const std::string& statements) {
  const auto done = db.run(statements);
  if (!done.sqlstate.empty())
    throw std::runtime_error(statements + ": " + done.sqlstate + ": "
                             + done.message + " " + done.hint);
}

} // namespace pgtrickle::test
