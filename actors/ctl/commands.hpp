#pragma once

#include "actors/ctl/console.hpp"
#include "services/core/result.hpp"

#include <functional>

namespace CLI {
class App;
} // namespace CLI

namespace pgtrickle::ctl {

/// What the command line asks for.
struct invocation {
  std::function<result<void>(console&)> run;
};

/// Each adds its command to `parent`; when the command line has it, it puts
/// itself into `chosen`, which must outlive `parent`'s parsing.
void add_alerts(CLI::App& parent, invocation& chosen);
void add_alter(CLI::App& parent, invocation& chosen);
void add_cluster(CLI::App& parent, invocation& chosen);
void add_completion(CLI::App& parent, invocation& chosen);
void add_create(CLI::App& parent, invocation& chosen);
void add_doctor(CLI::App& parent, invocation& chosen);
void add_drain(CLI::App& parent, invocation& chosen);
void add_drop(CLI::App& parent, invocation& chosen);
void add_forecast(CLI::App& parent, invocation& chosen);
void add_list(CLI::App& parent, invocation& chosen);
void add_pause(CLI::App& parent, invocation& chosen);
void add_plan(CLI::App& parent, invocation& chosen);
void add_refresh(CLI::App& parent, invocation& chosen);
void add_resume(CLI::App& parent, invocation& chosen);
void add_show(CLI::App& parent, invocation& chosen);
void add_status(CLI::App& parent, invocation& chosen);
void add_top(CLI::App& parent, invocation& chosen);
void add_undrain(CLI::App& parent, invocation& chosen);
void add_workers(CLI::App& parent, invocation& chosen);
void add_snapshot_copy(CLI::App& parent, invocation& chosen);
void add_snapshot_create(CLI::App& parent, invocation& chosen);
void add_snapshot_drop(CLI::App& parent, invocation& chosen);
void add_snapshot_export(CLI::App& parent, invocation& chosen);
void add_snapshot_import(CLI::App& parent, invocation& chosen);
void add_snapshot_list(CLI::App& parent, invocation& chosen);
void add_snapshot_restore(CLI::App& parent, invocation& chosen);
void add_snapshot_verify(CLI::App& parent, invocation& chosen);

} // namespace pgtrickle::ctl
