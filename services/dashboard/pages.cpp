#include "services/dashboard/pages.hpp"

#include "dashboard_files.hpp"
#include "services/dashboard/readings.hpp"
#include "services/dashboard/status.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle::dashboard {

namespace {

using http::request;
using http::response;
using nlohmann::json;

constexpr std::chrono::seconds first_reading{4};
/// Between two pieces of the events: so long a viewer who is gone holds a
/// thread of the server.
constexpr std::chrono::milliseconds piece_interval{300};
constexpr std::string_view tables_path = "/api/v1/stream_tables/";

/// Nothing from elsewhere, nothing inline, in nobody's frame.
constexpr const char* content_security_policy
  = "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

response in_json(const json& value, int status = 200) {
  return {status, text_of(value) + "\n", "application/json"};
}

response problem(int status, const failure& reason) {
  return in_json({{"error", reason.message}, {"hint", reason.hint}}, status);
}

response nothing_read() {
  return problem(503, {errc::connection_lost,
                       "nothing could be read within 4 seconds",
                       {},
                       "The daemon's log says why."});
}

std::string_view type_of(std::string_view file) {
  if (file.ends_with(".js"))
    return "text/javascript; charset=utf-8";
  if (file.ends_with(".css"))
    return "text/css; charset=utf-8";
  if (file.ends_with(".yaml"))
    return "application/yaml; charset=utf-8";
  return "text/html; charset=utf-8";
}

void add_files(std::map<std::string, http::page>& pages) {
  for (const auto& file : page::files) {
    const auto path = file.name == "index.html" ? std::string{"/"}
                      : file.name == "openapi.yaml"
                        ? "/api/v1/openapi.yaml"
                        : fmt::format("/dashboard/{}", file.name);
    pages[path] = [&file](const request&) {
      return response{200,
                      std::string{file.content},
                      std::string{type_of(file.name)},
                      {{"Content-Security-Policy", content_security_policy},
                       {"Referrer-Policy", "no-referrer"}}};
    };
  }
}

// -- what is shown
// -------------------------------------------------------------

response status(board& on) {
  const auto last = on.current(first_reading);
  return last ? in_json(last->status) : nothing_read();
}

/// Follows the board: a status first, then what changed.
class follower {
public:
  follower(std::shared_ptr<board> on, std::shared_ptr<void> place)
    : on_(std::move(on)), place_(std::move(place)) {}

  std::optional<std::string> operator()() {
    on_->look();
    auto next = on_->newer_than(shown_ ? shown_->number : 0, piece_interval);
    if (!next)
      return ": nothing new\n\n";
    const auto piece
      = shown_
          ? fmt::format("event: changes\ndata: {}\n\n",
                        text_of(changes_between(shown_->status, next->status)))
          : fmt::format("event: status\ndata: {}\n\n", text_of(next->status));
    shown_ = std::move(next);
    return piece;
  }

private:
  std::shared_ptr<board> on_;
  std::shared_ptr<void> place_;
  edition_ptr shown_;
};

response events(const std::shared_ptr<board>& on) {
  auto place = board::follow(on);
  if (!place) {
    auto busy = problem(503, {errc::overloaded,
                              "as many viewers as can be follow already",
                              {},
                              "Ask for /api/v1/status now and then."});
    busy.headers.emplace_back("Retry-After", "5");
    return busy;
  }
  // What was read before the last viewer left is not shown to this one.
  if (!on->current(first_reading))
    return nothing_read();
  response stream{200, "retry: 2000\n\n", "text/event-stream"};
  stream.next_chunk = follower{on, std::move(place)};
  return stream;
}

// -- one stream table
// ----------------------------------------------------------

struct table_name {
  std::string database;
  std::string name;
};

/// Names may have slashes: the database is one that there is.
std::optional<table_name> table_in(const std::string& path,
                                   const json& status) {
  const auto rest = std::string_view{path}.substr(tables_path.size());
  for (const auto& database : status["databases"]) {
    const auto prefix = database["db_name"].get<std::string>() + "/";
    if (database["is_shown"] == true && rest.starts_with(prefix))
      return table_name{database["db_name"].get<std::string>(),
                        std::string{rest.substr(prefix.size())}};
  }
  return std::nullopt;
}

json row_of(const table_name& asked, const json& status) {
  for (const auto& table : status["stream_tables"])
    if (table["database"] == asked.database && table["name"] == asked.name)
      return table;
  return {{"database", asked.database}, {"name", asked.name}};
}

response stream_table(const request& asked, board& on, const statement_log& log,
                      const session_opener& open) {
  const auto last = on.current(first_reading);
  if (!last)
    return nothing_read();
  const auto which = table_in(asked.path, last->status);
  if (!which)
    return problem(404, {errc::stream_table_not_found,
                         "this node owns no database of that name",
                         {},
                         "/api/v1/status lists the databases; ask the node "
                         "that owns it."});
  auto db = open(which->database);
  if (!db)
    return problem(503, db.error());
  auto told = read_stream_table(*db, log, which->database, which->name);
  if (!told)
    return problem(told.error().code == errc::stream_table_not_found ? 404
                                                                     : 503,
                   told.error());
  auto row = row_of(*which, last->status);
  row.update(*told);
  return in_json(row);
}

} // namespace

void add_pages(std::map<std::string, http::page>& pages,
               std::shared_ptr<board> on,
               std::shared_ptr<const statement_log> log, session_opener open) {
  add_files(pages);
  pages["/api/v1/status"] = [on](const request&) { return status(*on); };
  pages["/api/v1/events"] = [on](const request& asked) {
    return asked.method == "HEAD" ? response{200, {}, "text/event-stream"}
                                  : events(on);
  };
  pages[std::string{tables_path} + "*"]
    = [on, log = std::move(log), open = std::move(open)](const request& asked) {
        return stream_table(asked, *on, *log, open);
      };
}

} // namespace pgtrickle::dashboard
