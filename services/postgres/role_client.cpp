#include "services/postgres/role_client.hpp"

#include <algorithm>
#include <array>
#include <libpq-fe.h>

namespace pgtrickle::postgres {

namespace {

using settings = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

/// What says where the server is and how to reach it; nothing that proves who
/// asks.
constexpr std::array<std::string_view, 9> kept{
  "host",    "hostaddr",    "port",
  "sslmode", "sslrootcert", "sslcrl",
  "sslsni",  "service",     "target_session_attrs"};

std::string quoted(const std::string& value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\')
      text += '\\';
    text += c;
  }
  return text + "'";
}

std::string conninfo_for(const std::string& conninfo,
                         const role_password& who) {
  const settings parsed{PQconninfoParse(conninfo.c_str(), nullptr),
                        &PQconninfoFree};
  std::string text;
  for (const auto* one = parsed.get();
       one != nullptr && one->keyword != nullptr; ++one)
    if (one->val != nullptr
        && std::ranges::find(kept, std::string_view{one->keyword})
             != kept.end())
      text += std::string{one->keyword} + "=" + quoted(one->val) + " ";
  return text + "dbname=" + quoted(who.database) + " user=" + quoted(who.role)
         + " password=" + quoted(who.password);
}

} // namespace

result<client> open_as(const std::string& conninfo, const role_password& who) {
  const auto refused
    = fail(errc::permission_denied,
           "PostgreSQL does not let role " + who.role + " into database "
             + who.database + " with this password",
           "PostgreSQL's log says why.");
  // Without a password libpq would look for one of the daemon's.
  if (who.role.empty() || who.password.empty() || who.database.empty())
    return refused;
  client_options options;
  options.conninfo = conninfo_for(conninfo, who);
  options.application_name = "pgtrickle dashboard";
  options.connect_timeout = std::chrono::seconds{3};
  auto opened = client::open(options);
  if (!opened)
    return refused;
  if (!opened->was_asked_for_password())
    return fail(errc::permission_denied,
                "PostgreSQL asks nobody for a password who comes by the way "
                "that the daemon takes, and so can't tell who this is",
                "Let pg_hba.conf demand scram-sha-256 of connections from the "
                "daemon.");
  return opened;
}

} // namespace pgtrickle::postgres
