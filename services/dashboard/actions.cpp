#include "services/dashboard/actions.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace pgtrickle::dashboard {

namespace {

using http::request;
using http::response;
using nlohmann::json;
using std::chrono::steady_clock;

constexpr std::string_view cookie = "pgtrickle_sign_in";
constexpr auto token_header = "x-pgtrickle-token";

/// $1: the stream table.
struct known_action {
  std::string_view name;
  const char* statement;
};

constexpr std::array<known_action, 5> known_actions{{
  {"refresh", "SELECT pgtrickle.refresh_stream_table($1)"},
  {"suspend", "SELECT pgtrickle.alter_stream_table($1, status => 'SUSPENDED')"},
  {"resume", "SELECT pgtrickle.resume_stream_table($1)"},
  {"snapshot", "SELECT pgtrickle.snapshot_stream_table($1)"},
  {"apply_recommendation",
   "SELECT pgtrickle.apply_schedule_recommendation($1)"},
}};

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

response in_json(const json& value, int status = 200) {
  return {status, text_of(value), "application/json"};
}

response problem(int status, const failure& reason) {
  return in_json({{"error", reason.message},
                  {"hint", reason.hint},
                  {"sqlstate", reason.state()}},
                 status);
}

int status_of(const failure& reason) {
  switch (reason.code) {
    case errc::call_rejected:
    case errc::connection_lost:
      return 401;
    case errc::permission_denied:
      return 403;
    case errc::overloaded:
      return 429;
    default:
      return reason.state() == "42501" ? 403 : 409;
  }
}

/// Of the cookie; empty: there is none.
std::string secret_in(const request& asked) {
  const auto cookies = asked.header("cookie");
  const auto begin = cookies.find(std::string{cookie} + "=");
  if (begin == std::string::npos)
    return {};
  const auto from = begin + cookie.size() + 1;
  return cookies.substr(from, cookies.find_first_of(";,", from) - from);
}

/// A browser says where a request comes from; a form can't send JSON.
std::optional<failure> foreign(const request& asked) {
  const auto site = asked.header("sec-fetch-site");
  if ((!site.empty() && site != "same-origin")
      || !asked.header("content-type").starts_with("application/json"))
    return failure{errc::permission_denied,
                   "this does not come from the dashboard",
                   {},
                   "Send JSON, from the dashboard's own page."};
  return std::nullopt;
}

/// A member of a JSON object that is a text; empty: there is none.
std::string member(const json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_string() ? found->get<std::string>()
                                                   : std::string{};
}

/// For the log: what somebody sent makes no lines of its own there.
std::string in_one_line(std::string text) {
  std::ranges::replace_if(
    text, [](unsigned char c) { return c < ' ' || c == 127; }, '?');
  return text.substr(0, 200);
}

json told_of(const ticket& held) {
  return {
    {"role", held.role}, {"database", held.database}, {"token", held.token}};
}

response sign_in(const request& asked, const acting& how) {
  if (const auto why = foreign(asked))
    return problem(403, *why);
  if (!how.is_private)
    return problem(403, {errc::permission_denied,
                         "passwords would reach this address unencrypted",
                         {},
                         "Give the daemon a certificate by "
                         "--http-certificate."});
  const auto body = json::parse(asked.body, nullptr, false);
  const postgres::role_password who{
    member(body, "database"), member(body, "role"), member(body, "password")};
  auto given = how.visitors->sign_in(who, steady_clock::now());
  // An attempt that nobody looked at is none.
  if (given || given.error().code != errc::overloaded)
    how.recorded(in_one_line(fmt::format(
      "role \"{}\" {} database \"{}\"", who.role,
      given ? "signed in to" : "could not sign in to", who.database)));
  if (!given)
    return problem(status_of(given.error()), given.error());
  auto answer = in_json(told_of(*given));
  answer.headers.emplace_back("Set-Cookie",
                              fmt::format("{}={}; HttpOnly; SameSite=Strict{}",
                                          cookie, given->secret,
                                          how.is_encrypted ? "; Secure" : ""));
  return answer;
}

/// Who asks, if they may act.
result<ticket> visitor_of(const request& asked, const acting& how) {
  if (const auto why = foreign(asked))
    return tl::unexpected(*why);
  auto held = how.visitors->find(secret_in(asked), steady_clock::now());
  if (!held)
    return fail(errc::call_rejected, "nobody is signed in here", "Sign in.");
  if (!is_same_secret(held->token, asked.header(token_header)))
    return fail(errc::permission_denied,
                "this does not come from the page where somebody signed in",
                "Read the page anew.");
  return std::move(*held);
}

response sign_out(const request& asked, const acting& how) {
  if (const auto who = visitor_of(asked, how); !who)
    return problem(status_of(who.error()), who.error());
  how.visitors->sign_out(secret_in(asked));
  return {204};
}

response act(const request& asked, const acting& how) {
  const auto who = visitor_of(asked, how);
  if (!who)
    return problem(status_of(who.error()), who.error());
  const auto body = json::parse(asked.body, nullptr, false);
  const auto table = member(body, "stream_table");
  const auto* const action = std::ranges::find(
    known_actions, member(body, "action"), &known_action::name);
  if (action == known_actions.end() || table.empty())
    return problem(400, {errc::invalid_argument,
                         "this is no action",
                         {},
                         "/api/v1/openapi.yaml has those that there are."});
  how.recorded(
    in_one_line(fmt::format("role \"{}\" asks for {} of {} in database \"{}\"",
                            who->role, action->name, table, who->database)));
  const auto done = how.visitors->run(secret_in(asked), action->statement,
                                      {table}, steady_clock::now());
  return done ? in_json({{"done", action->name}})
              : problem(status_of(done.error()), done.error());
}

} // namespace

void add_actions(std::map<std::string, http::page>& pages,
                 std::map<std::string, http::page>& actions, acting how) {
  constexpr auto path = "/api/v1/sign_in";
  pages[path] = [how](const request& asked) {
    const auto held = how.visitors->find(secret_in(asked), steady_clock::now());
    return in_json(held ? told_of(*held) : json{{"role", nullptr}});
  };
  actions[path] = [how](const request& asked) { return sign_in(asked, how); };
  actions["/api/v1/sign_out"]
    = [how](const request& asked) { return sign_out(asked, how); };
  actions["/api/v1/actions"]
    = [how = std::move(how)](const request& asked) { return act(asked, how); };
}

} // namespace pgtrickle::dashboard
