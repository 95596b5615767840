// What repeats itself is written once: a flat season is one number.

#include "services/planning/table_model.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace pgtrickle {

namespace {

using nlohmann::json;

json to_value(const spread& from) { return from.values; }

spread spread_from(const json& from) {
  return {from.get<decltype(spread::values)>()};
}

json to_value(const rate_ratio& from) {
  return {{"quiet", to_value(from.quiet)},
          {"busy", to_value(from.busy)},
          {"busy_from", from.busy_from}};
}

rate_ratio rate_ratio_from(const json& from) {
  return {spread_from(from.at("quiet")), spread_from(from.at("busy")),
          from.at("busy_from").get<double>()};
}

json to_value(const std::optional<duration_model>& from) {
  if (!from)
    return nullptr;
  return {{"fixed_ms", from->fixed_ms},
          {"ms_per_change", from->ms_per_change},
          {"short_ratio", to_value(from->short_ratio)},
          {"long_ratio", to_value(from->long_ratio)},
          {"long_ms", from->long_ms},
          {"samples", from->samples},
          {"most_changes", from->most_changes}};
}

std::optional<duration_model> durations_from(const json& from) {
  if (from.is_null())
    return std::nullopt;
  return duration_model{from.at("fixed_ms").get<double>(),
                        from.at("ms_per_change").get<double>(),
                        spread_from(from.at("short_ratio")),
                        spread_from(from.at("long_ratio")),
                        from.at("long_ms").get<double>(),
                        from.at("samples").get<std::size_t>(),
                        from.at("most_changes").get<double>()};
}

std::int64_t to_value(wall_time from) {
  return std::chrono::floor<std::chrono::microseconds>(from)
    .time_since_epoch()
    .count();
}

wall_time wall_time_from(const json& from) {
  return wall_time{std::chrono::microseconds{from.get<std::int64_t>()}};
}

json to_value(const season& from) {
  const auto period = period_of(from.kind);
  const std::vector<double> values(from.per_second.begin(),
                                   from.per_second.begin()
                                     + static_cast<std::ptrdiff_t>(period));
  return {{"per_second", values},
          {"growth", from.growth},
          {"grown_at_us", to_value(from.grown_at)},
          {"believed_hours", from.believed_hours}};
}

season season_from(const json& from) {
  const auto& values = from.at("per_second");
  const auto period = std::max<std::size_t>(values.size(), 1);
  season result;
  result.kind = period == 1    ? season_kind::flat
                : period == 24 ? season_kind::daily
                               : season_kind::weekly;
  for (std::size_t i = 0; i < hours_of_week; ++i)
    values.at(i % period).get_to(result.per_second[i]);
  from.at("growth").get_to(result.growth);
  result.grown_at = wall_time_from(from.at("grown_at_us"));
  from.at("believed_hours").get_to(result.believed_hours);
  return result;
}

} // namespace

void to_json(json& to, const table_model& model) {
  to = {{"differential", to_value(model.differential)},
        {"full", to_value(model.full)},
        {"full_share", model.full_share},
        {"lateness_ms", to_value(model.lateness_ms)},
        {"arrivals", to_value(model.arrivals)},
        {"rates", to_value(model.rates)},
        {"hour_ratio", to_value(model.hour_ratio)},
        {"window_ratio", to_value(model.window_ratio)},
        {"dispersion", model.dispersion},
        {"active", model.active},
        {"idle", model.idle},
        {"gap_ms", model.gap_ms},
        {"time_zone", model.time_zone},
        {"regime_began_us", to_value(model.regime_began)},
        {"samples", model.samples},
        {"span_ms", model.span.count()},
        {"stability", model.stability}};
}

void from_json(const json& from, table_model& model) {
  model.differential = durations_from(from.at("differential"));
  model.full = durations_from(from.at("full"));
  from.at("full_share").get_to(model.full_share);
  model.lateness_ms = spread_from(from.at("lateness_ms"));
  model.arrivals = season_from(from.at("arrivals"));
  model.rates = spread_from(from.at("rates"));
  model.hour_ratio = rate_ratio_from(from.at("hour_ratio"));
  model.window_ratio = rate_ratio_from(from.at("window_ratio"));
  from.at("dispersion").get_to(model.dispersion);
  from.at("active").get_to(model.active);
  from.at("idle").get_to(model.idle);
  from.at("gap_ms").get_to(model.gap_ms);
  from.at("time_zone").get_to(model.time_zone);
  model.regime_began = wall_time_from(from.at("regime_began_us"));
  from.at("samples").get_to(model.samples);
  model.span
    = std::chrono::milliseconds{from.at("span_ms").get<std::int64_t>()};
  from.at("stability").get_to(model.stability);
}

std::optional<table_model> model_in(const std::string& text) {
  try {
    return nlohmann::json::parse(text).get<table_model>();
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

} // namespace pgtrickle
