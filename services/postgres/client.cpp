#include "services/postgres/client.hpp"

#include "services/postgres/wire.hpp"

#include <array>
#include <charconv>

namespace pgtrickle::postgres {

namespace {

std::int64_t count_in(const PGresult* from) {
  const std::string_view text = PQcmdTuples(const_cast<PGresult*>(from));
  std::int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

text_rows rows_in(const PGresult* from) {
  text_rows found;
  const auto columns = PQnfields(from);
  for (int c = 0; c < columns; ++c)
    found.columns.push_back({PQfname(from, c), PQftype(from, c)});
  for (int r = 0; r < PQntuples(from); ++r) {
    auto& row = found.rows.emplace_back();
    for (int c = 0; c < columns; ++c)
      row.push_back(PQgetisnull(from, r, c) != 0
                      ? text_value{}
                      : text_value{PQgetvalue(from, r, c)});
  }
  return found;
}

/// libpq's own complaint would repeat parts of the string, and those may belong
/// to a password.
result<void> check_conninfo(const std::string& conninfo) {
  const bool is_name = conninfo.find('=') == std::string::npos
                       && conninfo.find("://") == std::string::npos;
  if (is_name)
    return {};
  char* complaint = nullptr;
  auto* parsed = PQconninfoParse(conninfo.c_str(), &complaint);
  PQfreemem(complaint);
  PQconninfoFree(parsed);
  if (parsed != nullptr)
    return {};
  return fail(errc::invalid_argument, "the connection string is malformed",
              "Write keyword=value pairs, a URI postgresql://… or the name of "
              "a database.");
}

/// What follows `dbname` in the list has precedence over what the string says,
/// what precedes it has not: a peer that is gone is noticed, unless told
/// otherwise.
PGconn* start(const client_options& options) {
  const std::array keywords{
    "keepalives_idle",           "keepalives_interval",
    "keepalives_count",          "tcp_user_timeout",
    "fallback_application_name", "dbname",
    "client_encoding",           static_cast<const char*>(nullptr)};
  const std::array values{"30",
                          "10",
                          "3",
                          "60000",
                          options.application_name.c_str(),
                          options.conninfo.c_str(),
                          "UTF8",
                          static_cast<const char*>(nullptr)};
  return PQconnectStartParams(keywords.data(), values.data(), 1);
}

// What texts depend on is pinned, and a statement whose client is gone ends.
constexpr auto pinned
  = "SET client_min_messages = 'notice'; SET row_security = off; "
    "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; "
    "SET client_connection_check_interval = '1s'; "
    "SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres'; "
    "SET extra_float_digits = 1; SET bytea_output = 'hex'; "
    "SET xmloption = 'content'; SET standard_conforming_strings = on";

} // namespace

const std::string& text_rows::value(std::size_t row, std::size_t column) const {
  static const std::string none;
  const auto& found = rows.at(row).at(column);
  return found ? *found : none;
}

result<client> client::open(const client_options& options) {
  if (auto readable = check_conninfo(options.conninfo); !readable)
    return tl::unexpected(std::move(readable.error()));
  client opened{std::make_shared<wire>(options.label, options.interrupt_fd,
                                       options.on_notice)};
  const auto deadline
    = std::chrono::steady_clock::now() + options.connect_timeout;
  return opened.wire_->connect(start(options), deadline)
    .and_then([&] { return opened.run(pinned); })
    .map([&](const auto&) { return opened; });
}

bool client::was_asked_for_password() const {
  return PQconnectionUsedPassword(wire_->raw()) == 1;
}

result<text_rows> client::run(const std::string& statement,
                              const std::vector<text_value>& parameters) {
  return wire_->send(statement, parameters)
    .and_then([&] { return wire_->finish(); })
    .map([](const wire::rows_of& last) { return rows_in(last.get()); });
}

result<std::int64_t> client::copy_out(const std::string& statement,
                                      const byte_sink& sink) {
  if (auto started = wire_->start_copy(statement, PGRES_COPY_OUT); !started)
    return tl::unexpected(std::move(started.error()));
  for (;;) {
    char* data = nullptr;
    const auto size = PQgetCopyData(wire_->raw(), &data, 1);
    if (size < 0)
      break;
    auto done = size == 0 ? wire_->consume()
                          : sink({data, static_cast<std::size_t>(size)});
    PQfreemem(data);
    if (!done)
      return tl::unexpected(std::move(done.error()));
  }
  return wire_->finish().map(
    [](const wire::rows_of& last) { return count_in(last.get()); });
}

result<void> client::begin_copy(const std::string& statement) {
  return wire_->start_copy(statement, PGRES_COPY_IN);
}

result<void> client::put(std::string_view data) {
  for (;;) {
    const auto taken
      = PQputCopyData(wire_->raw(), data.data(), static_cast<int>(data.size()));
    if (taken < 0)
      return wire_->lost();
    if (auto flushed = wire_->flush(); !flushed || taken > 0)
      return flushed;
  }
}

result<std::int64_t> client::end_copy() {
  if (PQputCopyEnd(wire_->raw(), nullptr) < 0)
    return wire_->lost();
  return wire_->flush()
    .and_then([&] { return wire_->finish(); })
    .map([](const wire::rows_of& last) { return count_in(last.get()); });
}

} // namespace pgtrickle::postgres
