#pragma once
// Every actor's interface: the architecture on one page.
//
//   node ─┬─ gateway ── doormen
//         ├─ cluster
//         ├─ worker budget
//         ├─ micro_service
//         ├─ dashboard reader
//         ├─ discoverer
//         └─ supervisor ─┬─ watcher
//            (a database) ├─ refresher ── refresh workers
//                         ├─ scheduler
//                         ├─ registrar
//                         ├─ snapshotter
//                         ├─ planner
//                         └─ announcer

#include "messages/calls.hpp"
#include "messages/databases.hpp"
#include "messages/refreshing.hpp"
#include "messages/workers.hpp"
#include "services/observation/bearer.hpp"

#include <caf/typed_actor.hpp>

namespace pgtrickle {

/// Whoever carries out calls.
using call_actor = caf::typed_actor<
  // Carries out a call.
  caf::replies_to<call>::with<call_outcome>>;

/// Publishes the alerts of the outbox, at least once. Detached.
using announcer_actor = caf::typed_actor<
  // Publishes all that wait, and marks them.
  caf::reacts_to<alerts_waiting>,
  // Writes scheduler_falling_behind, and publishes it.
  caf::reacts_to<queue_behind>,
  // Tries again.
  caf::reacts_to<pulse>>;

/// Carries out refresh orders on a connection of its own. Detached.
using refresh_worker_actor = caf::typed_actor<
  // Brings stream tables up to date at one snapshot.
  caf::replies_to<refresh_task>::with<refresh_result>,
  // Deletes captured changes that nobody needs.
  caf::replies_to<sweep_request>::with<sweep_report>>;

/// Divides the workers of the node among its databases.
using worker_budget_actor = caf::typed_actor<
  // Learns what all nodes want.
  caf::reacts_to<workers_demanded>,
  // Answers when a worker of the database may begin.
  caf::replies_to<slot_wanted>::with<slot_granted>,
  // A worker is free again.
  caf::reacts_to<slot_returned>,
  // Looks for who has waited too long.
  caf::reacts_to<pulse>>;

/// Hands refresh orders to idle workers.
using refresher_actor = caf::typed_actor<
  // Has an order carried out.
  caf::replies_to<refresh_task>::with<refresh_result>,
  // Has the change buffers swept as soon as a worker is idle.
  caf::reacts_to<sweep_due>,
  // Lets workers end that have been idle for long.
  caf::reacts_to<rest_due>>;

/// Decides when each stream table is refreshed.
using scheduler_actor = caf::typed_actor<
  // Schedules what the catalog has.
  caf::reacts_to<stream_tables_listed>,
  // Makes pending what reads these sources.
  caf::reacts_to<sources_touched>,
  // Refreshes at once; waits for a refresh that is in progress.
  caf::replies_to<refresh_request>::with<call_outcome>,
  // Orders what has fallen due.
  caf::reacts_to<calendar_due>>;

/// Creates, alters, drops and explains stream tables. Detached.
using registrar_actor = caf::typed_actor<
  // Carries out a call.
  caf::replies_to<call>::with<call_outcome>,
  // Carries out what waits in pgtrickle.pending_calls, in order.
  caf::reacts_to<pending_calls_waiting>,
  // Closes its connection when it has not used it for long.
  caf::reacts_to<rest_due>>;

/// Has calls to carry out, and a clock to look at. Detached.
using clerk_actor = caf::typed_actor<
  // Carries out a call.
  caf::replies_to<call>::with<call_outcome>,
  // Something happened in the database: looks soon.
  caf::reacts_to<look_due>,
  // Does what is due.
  caf::reacts_to<pulse>,
  // Closes its connection when it has not used it for long.
  caf::reacts_to<rest_due>>;

/// Takes, restores, verifies and drops snapshots; lets go of what is old.
using snapshotter_actor = clerk_actor;

/// Learns from the history, recommends schedules, and tells of target lags
/// before they are missed.
using planner_actor = clerk_actor;

/// Owns the database and watches what happens in it. Detached.
using watcher_actor = caf::typed_actor<
  // Tries to own the database.
  caf::reacts_to<claim_due>,
  // Looks for changes and for workers that wait for their callers.
  caf::reacts_to<pulse>,
  // Takes the notifications that have come.
  caf::reacts_to<doorbell_rang>,
  // Looks for changes at once.
  caf::replies_to<look_request>::with<sources_touched>,
  // Looks for changes of these sources more often.
  caf::reacts_to<sources_awaited>,
  // Guards a backend until its work is finished.
  caf::reacts_to<work_started>, caf::reacts_to<work_finished>,
  // Cancels the work for a call, or all work.
  caf::reacts_to<call_cancelled>, caf::reacts_to<work_halted>,
  // Reads settings and the catalog again.
  caf::reacts_to<reload_requested>, caf::reacts_to<settings_read>>;

/// Supervises all that works on one database.
using supervisor_actor = caf::typed_actor<
  // Hands a call to whoever carries it out.
  caf::replies_to<call>::with<call_outcome>,
  // Has work for the call cancelled.
  caf::reacts_to<call_cancelled>,
  // Starts what needs an owned database.
  caf::reacts_to<database_opened>,
  // Ends: the extension is gone.
  caf::reacts_to<database_closed>,
  // The watcher's news, for its siblings.
  caf::reacts_to<stream_tables_listed>, caf::reacts_to<sources_touched>,
  caf::reacts_to<pending_calls_waiting>, caf::reacts_to<alerts_waiting>,
  // The refresher's load and the watcher's figures, for the cluster's report.
  caf::reacts_to<worker_load>, caf::reacts_to<database_figures>,
  // Starts a child again after its delay, or sooner: PostgreSQL is back.
  caf::reacts_to<restart_due>, caf::reacts_to<server_returned>,
  // Finishes what was begun, and ends.
  caf::reacts_to<hand_over_due>, caf::reacts_to<hand_over_overdue>,
  // Reads settings and catalog again.
  caf::reacts_to<reload_requested>>;

/// Whose calls the gateway takes, how they are proven, who carries them out.
struct database_attached {
  bus::database_address address;
  std::string secret;
  database_clock clock;
  supervisor_actor supervisor;
  std::string name = {};
};

/// A program's token is sound: who its bearer is now is to be looked up.
struct admission_request {
  observation::bearer_claim claim;
};

struct admission {
  result<caller> bearer;
};

/// Knows whom the tokens for a database stand for. Detached.
using doorman_actor = caf::typed_actor<
  // Looks who may make a call.
  caf::replies_to<admission_request>::with<admission>,
  // Lets go of a connection that was not used for a while.
  caf::reacts_to<pulse>>;

/// NATS <-> messages; nothing else knows the wire.
using gateway_actor = caf::typed_actor<
  // Takes a call or a cancellation from the bus.
  caf::reacts_to<bus::message>,
  // Starts and ends listening for a database's calls.
  caf::reacts_to<database_attached>, caf::reacts_to<database_closing>,
  caf::reacts_to<database_detached>,
  // Tells a caller something.
  caf::reacts_to<call_notice>,
  // Tells a caller that its call failed, before the work has ended.
  caf::reacts_to<call_refused>,
  // Tells callers that the daemon is alive; ends calls that are out of time.
  caf::reacts_to<pulse>>;

/// Knows every node; tells the others of this one.
using cluster_actor = caf::typed_actor<
  // Publishes this node's heartbeat.
  caf::reacts_to<heartbeat_due>,
  // Learns which PostgreSQL cluster it belongs to.
  caf::reacts_to<databases_found>,
  // Takes in another node's heartbeat, or its report of a database.
  caf::reacts_to<bus::message>,
  // A database of this node changed, or is no longer this node's.
  caf::reacts_to<database_report>, caf::reacts_to<database_detached>,
  // Answers cluster_nodes, cluster_worker_summary and metrics_summary.
  caf::replies_to<call>::with<call_outcome>>;

/// Reads what the dashboard shows. Detached.
using dashboard_reader_actor = caf::typed_actor<
  // Reads it if somebody looks.
  caf::reacts_to<pulse>>;

/// Answers who asks NATS for services.
using micro_service_actor = caf::typed_actor<
  // Learns which PostgreSQL cluster it belongs to.
  caf::reacts_to<databases_found>,
  // Answers what was asked.
  caf::reacts_to<bus::message>>;

/// Finds the databases that have the extension. Detached.
using discoverer_actor = caf::typed_actor<
  // Looks at the PostgreSQL cluster.
  caf::reacts_to<look_due>,
  // Looks into this database again later.
  caf::reacts_to<database_lost>>;

/// One daemon.
using node_actor = caf::typed_actor<
  // Starts supervisors for the databases that are its own, stops those of
  // dropped ones, hands over what others should have.
  caf::reacts_to<databases_found>,
  // Tells the supervisors.
  caf::reacts_to<server_returned>,
  // Starts again after a child's death.
  caf::reacts_to<restart_due>,
  // Has everyone read settings again.
  caf::reacts_to<reload_requested>>;

} // namespace pgtrickle

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::database_attached)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::admission_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::admission)
