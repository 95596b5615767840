#include "services/postgres/session.hpp"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <poll.h>
#include <utility>

namespace pgtrickle::postgres {

namespace {

/// Collects NOTICEs; the server's own chatter about the session is left out.
class notice_collector : public pqxx::errorhandler {
public:
  notice_collector(pqxx::connection_base& db, std::vector<std::string>& notices)
    : errorhandler(db), notices_(notices) {}
  bool operator()(const char message[]) noexcept override {
    constexpr std::string_view label = "NOTICE:  ";
    std::string_view text = message;
    if (text.starts_with(label) && notices_.size() < 100) {
      text.remove_prefix(label.size());
      notices_.emplace_back(text.substr(0, text.find('\n')));
    }
    return false;
  }

private:
  std::vector<std::string>& notices_;
};

class listener : public pqxx::notification_receiver {
public:
  using received = std::vector<std::pair<std::string, std::string>>;

  listener(pqxx::connection_base& db, const std::string& channel,
           received& into)
    : notification_receiver(db, channel), into_(into) {}
  void operator()(const std::string& payload, int) override {
    into_.emplace_back(channel(), payload);
  }

private:
  received& into_;
};

std::string connection_string(const session_options& options) {
  // A URI can't be added to; libpq takes it as the value of dbname.
  const bool uri = options.conninfo.find("://") != std::string::npos;
  const auto quote = [](const std::string& value) {
    std::string text = "'";
    for (char c : value) {
      if (c == '\'' || c == '\\')
        text += '\\';
      text += c;
    }
    return text + "'";
  };
  // A server that has vanished is noticed; what the user says about that wins.
  const std::string alertness = "keepalives_idle=5 keepalives_interval=2 "
                                "keepalives_count=3 tcp_user_timeout=10000 ";
  auto result
    = alertness
      + (uri ? "dbname=" + quote(options.conninfo) : options.conninfo);
  if (!options.database.empty() && !uri)
    result += " dbname=" + quote(options.database);
  return fmt::format("{} application_name={} connect_timeout={}", result,
                     quote(options.application_name),
                     options.connect_timeout.count());
}

/// The database of a URI replaced by `database`.
std::string uri_for_database(std::string uri, const std::string& database) {
  const auto begin = uri.find("://") + 3;
  const auto query = uri.find('?', begin);
  const auto slash = uri.find('/', begin);
  const auto end = query == std::string::npos ? uri.size() : query;
  std::string encoded = "/";
  for (unsigned char c : database)
    encoded += fmt::format("%{:02X}", c);
  const auto from = slash == std::string::npos || slash > end ? end : slash;
  return uri.replace(from, end - from, encoded);
}

/// libpqxx 6 leaves the SQLSTATE out of some errors that it has a class for.
std::string sqlstate_in(const pqxx::sql_error& e) {
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&e) != nullptr)
    return "42501";
  return e.sqlstate();
}

/// Whether the server has no room (SQLSTATE 53300): of an attempt to connect,
/// libpq has the report only. In another language than English it is taken for
/// any other failure to connect.
bool is_full(const failure& reason) {
  for (const auto* words :
       {"too many clients", "too many connections", "connection slots are"})
    if (reason.message.find(words) != std::string::npos)
      return true;
  return false;
}

/// A pooler tells its clients numbers of its own, and has others use the
/// sessions in between: the owner's lock and all settings would be theirs.
void refuse_pooler(pqxx::nontransaction& tx) {
  if (tx.exec1("SELECT pg_backend_pid()")[0].as<int>()
      != tx.conn().backendpid())
    throw abandoned({errc::wrong_state,
                     "a connection pooler stands between pgtrickled and "
                     "PostgreSQL",
                     {},
                     "Have --postgres name PostgreSQL itself; applications may "
                     "go through the pooler."});
}

} // namespace

struct session::state {
  /// Given back after the connection is closed.
  std::shared_ptr<void> place;
  std::unique_ptr<pqxx::connection> db;
  std::vector<std::string> notices;
  std::unique_ptr<notice_collector> collector;
  listener::received received;
  std::map<std::string, std::unique_ptr<listener>> listeners;

  ~state() {
    listeners.clear();
    collector.reset();
  }
};

result<session> session::open(const session_options& options) {
  std::shared_ptr<void> place;
  if (options.gate) {
    auto entered = options.gate->enter(options.lasts);
    if (!entered)
      return tl::unexpected(std::move(entered.error()));
    place = std::move(*entered);
  }
  const auto until
    = std::chrono::steady_clock::now() + connection_gate::patience;
  for (int failures = 1;; ++failures) {
    auto opened = connect(options);
    if (opened) {
      opened->state_->place = std::move(place);
      return opened;
    }
    if (!is_full(opened.error()))
      return opened;
    opened.error().code = errc::overloaded;
    if (!options.gate || std::chrono::steady_clock::now() >= until
        || !options.gate->pause(failures, opened.error().message))
      return opened;
  }
}

result<session> session::connect(const session_options& options) {
  session opened{std::make_shared<state>()};
  bool failed = false;
  auto reason = opened.guarded(
    [&] {
      auto to = options;
      if (to.conninfo.find("://") != std::string::npos && !to.database.empty())
        to.conninfo = uri_for_database(to.conninfo, to.database);
      auto& s = *opened.state_;
      s.db = std::make_unique<pqxx::connection>(connection_string(to));
      s.collector = std::make_unique<notice_collector>(*s.db, s.notices);
      pqxx::nontransaction tx{*s.db};
      refuse_pooler(tx);
      // What texts and plans depend on is pinned: a refresh gives the same
      // result whoever's settings the database has. A daemon that was killed
      // leaves no statement running that nobody waits for. The daemon's own
      // statements are planned once a session. What changes join was mostly
      // read or written a moment ago, so that a page costs little more than its
      // rows; but rows that lie apart cost a page each, again and again.
      tx.exec(fmt::format(
        "SET lc_messages = 'C'; SET client_encoding = 'UTF8'; "
        "SET client_min_messages = 'notice'; SET search_path = pg_catalog; "
        "SET lock_timeout = {}; SET statement_timeout = {}; "
        "SET idle_in_transaction_session_timeout = 0; "
        "SET default_transaction_read_only = off; "
        "SET client_connection_check_interval = '1s'; "
        "SET seq_page_cost = 0.1; SET random_page_cost = 0.15; "
        "SET effective_cache_size = '8MB'; SET jit = off; "
        "SET plan_cache_mode = force_generic_plan; "
        "SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres'; "
        "SET extra_float_digits = 1; SET bytea_output = 'hex'; "
        "SET xmloption = 'content'; SET standard_conforming_strings = on",
        options.lock_timeout.count(), options.statement_timeout.count()));
    },
    failed);
  if (failed)
    return tl::unexpected(std::move(reason));
  return opened;
}

failure session::guarded(const std::function<void()>& action, bool& failed) {
  failed = true;
  try {
    action();
    failed = false;
    return {};
  } catch (const abandoned& e) {
    return e.reason();
  } catch (const pqxx::broken_connection& e) {
    return {errc::connection_lost, e.what()};
  } catch (const pqxx::in_doubt_error& e) {
    return {errc::connection_lost, e.what()};
  } catch (const pqxx::sql_error& e) {
    return failure_from_sqlstate(sqlstate_in(e), e.what());
  } catch (const pqxx::deadlock_detected& e) {
    return failure_from_sqlstate("40P01", e.what());
  } catch (const pqxx::transaction_rollback& e) {
    return failure_from_sqlstate("40001", e.what());
  } catch (const std::exception& e) {
    return {errc::invariant_violated, e.what()};
  }
}

void set_savepoint(pqxx::subtransaction& tx) { tx.exec(""); }

result<void>
within_savepoint(pqxx::dbtransaction& tx,
                 const std::function<void(pqxx::dbtransaction&)>& action) {
  try {
    pqxx::subtransaction inner{tx};
    set_savepoint(inner);
    action(inner);
    inner.commit();
    return {};
  } catch (const abandoned& e) {
    return tl::unexpected(e.reason());
  } catch (const pqxx::sql_error& e) {
    auto reason = failure_from_sqlstate(sqlstate_in(e), e.what());
    if (reaction_to(reason.code) != reaction::reject
        || reason.code == errc::cancelled)
      throw;
    return tl::unexpected(std::move(reason));
  }
}

result<pqxx::result> session::exec(std::string_view statement) {
  bool failed = false;
  pqxx::result rows;
  auto reason = guarded(
    [&] {
      pqxx::nontransaction tx{raw()};
      rows = tx.exec(std::string{statement});
    },
    failed);
  if (failed)
    return tl::unexpected(std::move(reason));
  return rows;
}

std::vector<std::string> session::take_notices() {
  return std::exchange(state_->notices, {});
}

result<std::vector<std::pair<std::string, std::string>>>
session::notifications(std::chrono::milliseconds timeout) {
  bool failed = false;
  auto reason = guarded(
    [&] {
      if (raw().get_notifs() > 0 || !state_->received.empty())
        return;
      pollfd socket{raw().sock(), POLLIN, 0};
      if (poll(&socket, 1, static_cast<int>(timeout.count())) > 0)
        raw().get_notifs();
      if (!raw().is_open())
        throw pqxx::broken_connection{"the server closed the connection"};
    },
    failed);
  if (failed)
    return tl::unexpected(std::move(reason));
  return std::exchange(state_->received, {});
}

result<void> session::listen(const std::string& channel) {
  bool failed = false;
  auto reason = guarded(
    [&] {
      state_->listeners.emplace(
        channel, std::make_unique<listener>(raw(), channel, state_->received));
    },
    failed);
  if (failed)
    return tl::unexpected(std::move(reason));
  return {};
}

int session::backend_pid() const { return state_->db->backendpid(); }

int session::socket() { return raw().sock(); }

pqxx::connection& session::raw() { return *state_->db; }

} // namespace pgtrickle::postgres
