#include "actors/ctl/program.hpp"

#include <CLI/CLI.hpp>

namespace pgtrickle::ctl {

namespace {

constexpr auto exit_codes
  = R"(Exit status: 0 done, 1 failed, 2 wrong usage, 128 + n ended by signal n.
Results go to standard output, everything else to standard error.
Passwords belong into PGPASSWORD, ~/.pgpass or a service file.)";

} // namespace

std::unique_ptr<CLI::App> command_line(invocation& chosen) {
  auto app = std::make_unique<CLI::App>(
    "Shows and changes pgtrickle's stream tables, their snapshots and daemons.",
    "pgtricklectl");
  app->set_help_flag("-h,--help", "Shows this help.");
  app->set_version_flag("-V,--version", "pgtricklectl " PGTRICKLE_VERSION,
                        "Shows the version.");
  app->failure_message(CLI::FailureMessage::simple);
  app->require_subcommand(1);
  app->footer(exit_codes);
  for (const auto& add :
       {add_status, add_list, add_show, add_top, add_create, add_alter,
        add_drop, add_refresh, add_pause, add_resume, add_plan, add_forecast,
        add_alerts, add_cluster, add_workers, add_drain, add_undrain,
        add_doctor})
    add(*app, chosen);
  auto& snapshot = *app->add_subcommand(
    "snapshot", "Takes, lists, restores, checks and moves snapshots.");
  snapshot.require_subcommand(1);
  add_snapshot_create(snapshot, chosen);
  add_snapshot_list(snapshot, chosen);
  add_snapshot_verify(snapshot, chosen);
  add_snapshot_restore(snapshot, chosen);
  add_snapshot_drop(snapshot, chosen);
  add_snapshot_copy(snapshot, chosen);
  add_snapshot_export(snapshot, chosen);
  add_snapshot_import(snapshot, chosen);
  add_completion(*app, chosen);
  return app;
}

} // namespace pgtrickle::ctl
