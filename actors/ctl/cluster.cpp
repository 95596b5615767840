#include "actors/ctl/commands.hpp"
#include "actors/ctl/shared_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace pgtrickle::ctl {

namespace {

constexpr auto nodes_for_people
  = "SELECT n.node, n.state, n.version,"
    " date_trunc('second', n.started_at) AS started_at,"
    " date_trunc('second', n.last_heartbeat) AS last_heartbeat,"
    " (SELECT string_agg(d ->> 'name', ', ' ORDER BY d ->> 'name')"
    "  FROM jsonb_array_elements(n.databases) d) AS databases"
    " FROM pgtrickle.cluster_nodes() n ORDER BY n.node";
constexpr auto nodes_for_programs
  = "SELECT * FROM pgtrickle.cluster_nodes() ORDER BY node";
constexpr auto workers_for_people
  = "SELECT db_name, node, owner_epoch, state, workers_active AS active,"
    " workers_queued AS queued, quota,"
    " round(quota_utilization_pct::numeric, 1) AS pct"
    " FROM pgtrickle.cluster_worker_summary()";
constexpr auto workers_for_programs
  = "SELECT * FROM pgtrickle.cluster_worker_summary()";

void add_listing(CLI::App& command, invocation& chosen, const char* for_people,
                 const char* for_programs) {
  auto options = std::make_shared<database_options>();
  add_database_options(command, *options);
  command.callback([=, &chosen] {
    chosen.run = [=](console& c) {
      const auto format = format_of(options->format);
      const auto* statement
        = format == output_format::table ? for_people : for_programs;
      return run_there(*options, c, statement, {}).map([&](const auto& found) {
        c.result_of(found, format);
      });
    };
  });
}

struct drain_options {
  database_options database;
  std::string node;
};

void add_node_call(CLI::App& command, invocation& chosen, const char* statement,
                   const char* what_came) {
  auto options = std::make_shared<drain_options>();
  command.add_option("node", options->node, "The node; cluster lists them.")
    ->required()
    ->type_name("NODE");
  add_database_options(command, options->database);
  command.callback([=, &chosen] {
    chosen.run = [=](console& c) {
      return run_there(options->database, c, statement, {options->node})
        .map([&](const auto& found) {
          const bool is_so = found.value(0, 0) != "f";
          c.message(fmt::format("{} {}", options->node,
                                is_so ? what_came : "was not drained"));
        });
    };
  });
}

} // namespace

void add_cluster(CLI::App& parent, invocation& chosen) {
  add_listing(*parent.add_subcommand(
                "cluster", "Lists the daemons and the databases they own."),
              chosen, nodes_for_people, nodes_for_programs);
}

void add_workers(CLI::App& parent, invocation& chosen) {
  add_listing(*parent.add_subcommand(
                "workers",
                "Shows for each database which workers are at a refresh and "
                "which refreshes wait for one. For members of pg_monitor."),
              chosen, workers_for_people, workers_for_programs);
}

void add_drain(CLI::App& parent, invocation& chosen) {
  add_node_call(
    *parent.add_subcommand("drain", "Has a daemon hand over its databases and "
                                    "end; it stays drained until undrain. For "
                                    "superusers."),
    chosen, "SELECT pgtrickle.drain_node($1::text)", "is drained");
}

void add_undrain(CLI::App& parent, invocation& chosen) {
  add_node_call(*parent.add_subcommand(
                  "undrain", "Lets a drained daemon take databases again. For "
                             "superusers."),
                chosen, "SELECT pgtrickle.undrain_node($1::text)",
                "may take databases");
}

} // namespace pgtrickle::ctl
