#include "services/postgres/wire.hpp"

#include "services/postgres/sqlstate.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>

namespace pgtrickle::postgres {

namespace {

std::string field(const PGresult* from, int code) {
  const auto* text = PQresultErrorField(from, code);
  return text == nullptr ? "" : text;
}

/// Milliseconds for poll(); without a deadline, for ever.
int time_until(std::optional<wire::time_point> deadline) {
  using namespace std::chrono;
  if (!deadline)
    return -1;
  const auto rest = ceil<milliseconds>(*deadline - steady_clock::now());
  return static_cast<int>(std::max<std::int64_t>(0, rest.count()));
}

} // namespace

result<void> wire::connect(PGconn* started, time_point deadline) {
  db_ = started;
  if (db_ == nullptr)
    return fail(errc::overloaded, "there is no memory for a connection");
  PQsetNoticeReceiver(db_, pass_on, this);
  auto next = PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    if (next == PGRES_POLLING_FAILED || PQstatus(db_) == CONNECTION_BAD)
      return lost();
    const auto able
      = wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline);
    if (!able)
      return tl::unexpected(able.error());
    if (!*able)
      return fail(errc::connection_lost,
                  labelled("the server does not answer in time"));
    next = PQconnectPoll(db_);
  }
  PQsetnonblocking(db_, 1);
  return {};
}

void wire::pass_on(void* argument, const PGresult* notice) {
  const auto& on_notice = static_cast<const wire*>(argument)->on_notice_;
  if (on_notice)
    on_notice(field(notice, PG_DIAG_MESSAGE_PRIMARY));
}

std::string wire::labelled(const std::string& message) const {
  return label_.empty() ? message : label_ + ": " + message;
}

// The first line: libpq appends guesses.
tl::unexpected<failure> wire::lost() const {
  std::string text = PQerrorMessage(db_);
  text.resize(std::min(text.find('\n'), text.size()));
  constexpr std::string_view severity = "FATAL:  ";
  if (text.starts_with(severity))
    text.erase(0, severity.size());
  return fail(errc::connection_lost, labelled(text));
}

tl::unexpected<failure> wire::failed(const PGresult* with) const {
  const auto sqlstate = field(with, PG_DIAG_SQLSTATE);
  if (sqlstate.empty())
    return lost();
  return tl::unexpected(failure{PQstatus(db_) == CONNECTION_BAD
                                  ? errc::connection_lost
                                  : code_of_sqlstate(sqlstate),
                                labelled(field(with, PG_DIAG_MESSAGE_PRIMARY)),
                                field(with, PG_DIAG_MESSAGE_DETAIL),
                                field(with, PG_DIAG_MESSAGE_HINT), sqlstate});
}

void wire::cancel_statement() const {
  if (PQtransactionStatus(db_) != PQTRANS_ACTIVE)
    return;
  std::array<char, 256> complaint{};
  auto* cancel = PQgetCancel(db_);
  PQcancel(cancel, complaint.data(), complaint.size());
  PQfreeCancel(cancel);
}

/// Says whether one of `events` came before `deadline`.
result<bool> wire::wait(short events,
                        std::optional<time_point> deadline) const {
  std::array<pollfd, 2> watched{pollfd{PQsocket(db_), events, 0},
                                pollfd{interrupt_fd_, POLLIN, 0}};
  int found = 0;
  do
    found = poll(watched.data(), watched.size(), time_until(deadline));
  while (found < 0 && errno == EINTR);
  if (watched[1].revents == 0)
    return found > 0;
  cancel_statement();
  return fail(errc::cancelled, "interrupted");
}

result<void> wire::consume() const {
  if (const auto readable = wait(POLLIN); !readable)
    return tl::unexpected(readable.error());
  if (PQconsumeInput(db_) == 0)
    return lost();
  return {};
}

result<void> wire::flush() const {
  while (const int rest = PQflush(db_)) {
    if (rest < 0)
      return lost();
    if (const auto able = wait(POLLIN | POLLOUT); !able)
      return tl::unexpected(able.error());
    if (PQconsumeInput(db_) == 0)
      return lost();
  }
  return {};
}

result<void>
wire::send(const std::string& statement,
           const std::vector<std::optional<std::string>>& parameters) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const auto& p : parameters)
    values.push_back(p ? p->c_str() : nullptr);
  const auto sent = parameters.empty()
                      ? PQsendQuery(db_, statement.c_str())
                      : PQsendQueryParams(
                        db_, statement.c_str(), static_cast<int>(values.size()),
                        nullptr, values.data(), nullptr, nullptr, 0);
  if (sent == 0)
    return lost();
  return flush();
}

/// The next result of what was sent; a null one is the end.
result<wire::rows_of> wire::next() const {
  while (PQisBusy(db_) != 0)
    if (auto read = consume(); !read)
      return tl::unexpected(std::move(read.error()));
  return rows_of{PQgetResult(db_), PQclear};
}

result<wire::rows_of> wire::finish() const {
  rows_of last{nullptr, PQclear};
  for (;;) {
    auto found = next();
    if (!found)
      return found;
    if (*found == nullptr)
      return last;
    const auto status = PQresultStatus(found->get());
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
      last = std::move(*found);
      continue;
    }
    auto reason = failed(found->get());
    // An error is followed by the end, unless the connection is gone.
    while (PQstatus(db_) == CONNECTION_OK) {
      const auto rest = next();
      if (!rest || *rest == nullptr)
        break;
    }
    return reason;
  }
}

result<void> wire::start_copy(const std::string& statement,
                              ExecStatusType wanted) {
  if (auto sent = send(statement, {}); !sent)
    return sent;
  auto found = next();
  if (!found)
    return tl::unexpected(std::move(found.error()));
  if (PQresultStatus(found->get()) == wanted)
    return {};
  auto reason = failed(found->get());
  if (auto rest = finish(); !rest)
    return tl::unexpected(std::move(rest.error()));
  return reason;
}

} // namespace pgtrickle::postgres
