#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace pgtrickle::ctl {

namespace {

struct plan_options {
  database_options database;
  postgres::text_value name;
  std::string sort = "delta";
  bool is_applied = false;
};

/// The most mis-tuned first, if one can be sure of it.
constexpr auto all_plans
  = "SELECT name, round(current_interval_seconds::numeric, 1) AS current_s,"
    " round(recommended_interval_seconds::numeric, 1) AS recommended_s,"
    " round(delta_pct::numeric, 1) AS delta_pct,"
    " round(confidence::numeric, 2) AS confidence,"
    " date_trunc('second', planned_at) AS planned_at, reasoning"
    " FROM pgtrickle.schedule_recommendations() r ORDER BY CASE $1::text"
    " WHEN 'delta' THEN -abs(r.delta_pct) * r.confidence"
    " WHEN 'confidence' THEN -r.confidence END NULLS LAST, r.name";
constexpr auto one_plan
  = "SELECT e.key, e.value FROM jsonb_each_text("
    "pgtrickle.recommend_schedule($1::text)) e WHERE e.key <> 'model'";
constexpr auto one_plan_whole
  = "SELECT pgtrickle.recommend_schedule($1::text) AS recommendation";

result<void> apply(const plan_options& options, console& c) {
  if (!options.name)
    return fail(errc::invalid_argument, "--apply needs a stream table",
                "Name the stream table whose schedule to set.");
  return run_there(options.database, c,
                   "SELECT pgtrickle.apply_schedule_recommendation($1::text)",
                   {options.name})
    .map([&](const auto&) {
      c.message(fmt::format("{} has the recommended schedule", *options.name));
    });
}

result<void> plan(const plan_options& options, console& c) {
  if (options.is_applied)
    return apply(options, c);
  const auto format = format_of(options.database.format);
  const auto* of_one
    = format == output_format::table ? one_plan : one_plan_whole;
  return run_there(options.database, c, options.name ? of_one : all_plans,
                   {options.name ? *options.name : options.sort})
    .map([&](const auto& found) { c.result_of(found, format); });
}

} // namespace

void add_plan(CLI::App& parent, invocation& chosen) {
  auto options = std::make_shared<plan_options>();
  auto& command = *parent.add_subcommand(
    "plan", "Shows the recommended schedules beside the present ones.");
  add_stream_table_or_all(command, options->name);
  command
    .add_option("--sort", options->sort,
                "Puts first what is most mis-tuned (delta), the surest "
                "(confidence), or goes by name.")
    ->check(CLI::IsMember({"delta", "confidence", "name"}))
    ->type_name("ORDER")
    ->capture_default_str();
  command.add_flag("--apply", options->is_applied,
                   "Gives the stream table the recommended schedule.");
  add_database_options(command, options->database);
  command.callback([options, &chosen] {
    chosen.run = [options](console& c) { return plan(*options, c); };
  });
}

} // namespace pgtrickle::ctl
