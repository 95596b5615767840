#include "services/dashboard/statement_log.hpp"

#include "services/dashboard/time_text.hpp"

#include <algorithm>
#include <optional>
#include <regex>

namespace pgtrickle::dashboard {

namespace {

using nlohmann::json;

json statements_in(const std::string& text) {
  auto listed = json::array();
  for (const auto& one : json::parse(text))
    listed.push_back({{"does", one["does"]},
                      {"what", purpose_of(one["name"].get<std::string>())},
                      {"ms", one["us"].get<double>() / 1000},
                      {"rows", one["rows"]},
                      {"times", one["times"]}});
  return listed;
}

std::string spaced(std::string words) {
  std::ranges::replace(words, '_', ' ');
  return words;
}

} // namespace

void statement_log::keep(const std::string& database, stream_table_id table,
                         traced_refresh refresh) {
  const std::scoped_lock lock{mutex_};
  const key which{database, table};
  if (refreshes_.size() >= most_refreshes && !refreshes_.contains(which))
    refreshes_.erase(std::ranges::min_element(
      refreshes_, {}, [](const auto& one) { return one.second.ended_at; }));
  refreshes_.insert_or_assign(which, std::move(refresh));
}

json statement_log::of(const std::string& database,
                       stream_table_id table) const {
  std::optional<traced_refresh> last;
  {
    const std::scoped_lock lock{mutex_};
    if (const auto found = refreshes_.find({database, table});
        found != refreshes_.end())
      last = found->second;
  }
  if (!last)
    return nullptr;
  return {{"ended_at", time_text(last->ended_at)},
          {"action", last->action},
          {"duration_ms", static_cast<double>(last->duration.count()) / 1000},
          {"statements", statements_in(last->statements)}};
}

std::string purpose_of(const std::string& name) {
  static const std::regex staged{R"((?:pg_temp_\d+\.)?pgt_\d+_\d+_(\w+))"};
  static const std::regex state{R"(pgtrickle_state\.(\w+)_\d+_\d+)"};
  std::smatch found;
  if (std::regex_match(name, found, staged))
    return spaced(found[1]);
  if (std::regex_match(name, found, state))
    return "arrangement " + spaced(found[1]);
  return name;
}

} // namespace pgtrickle::dashboard
