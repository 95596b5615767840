#pragma once
// Databases as they come, are owned, and go.

#include "services/bus/connection.hpp"
#include "services/bus/subjects.hpp"
#include "services/config/settings.hpp"
#include "services/coordination/database_census.hpp"
#include "services/coordination/node_view.hpp"
#include "services/coordination/placement.hpp"
#include "services/core/error.hpp"
#include "services/observation/ownership.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>
#include <caf/make_message.hpp>

#include <set>

namespace pgtrickle {

/// The databases that have the extension.
struct databases_found {
  /// PostgreSQL's system identifier.
  std::string cluster;
  std::set<database_id> databases;
  /// Who is there, and who owns what.
  cluster_situation situation;
  /// This node is to hand over what it owns.
  bool is_leaving = false;
  /// pg_trickle.max_dynamic_refresh_workers, as the whole cluster has it.
  std::uint32_t workers = 4;
};

/// The extension was found gone from a database.
struct database_lost {
  oid id = 0;
};

/// This daemon owns the database from here on.
struct database_opened {
  observation::database_facts facts;
  config::settings settings;
};

/// The extension is gone: there is nothing to work on.
struct database_closed {};

/// Alerts wait in the outbox.
struct alerts_waiting {};

/// The gateway takes no more calls for the database; those that it has taken
/// go on.
struct database_closing {
  oid id = 0;
};

/// The gateway no longer answers for the database.
struct database_detached {
  oid id = 0;
};

/// Another node waits for the database, and should have it.
struct hand_over_due {};

// -- what an actor tells itself, and what the operator tells the node ---------

/// A hand-over has waited long enough for the calls in progress.
struct hand_over_overdue {};

struct claim_due {};
struct pulse {};
/// Something has arrived at a session, or its server is gone.
struct doorbell_rang {};
struct look_due {};
struct heartbeat_due {};

/// PostgreSQL answers again after it did not.
struct server_returned {};

/// A child of a supervisor is to be started again.
struct restart_due {};

struct reload_requested {};

/// What a session of the database that begins now is set to.
struct settings_read {
  result<config::settings> settings;
};

} // namespace pgtrickle

CAF_ERROR_CODE_ENUM(pgtrickle::errc, "pgtrickle")

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::databases_found)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::database_lost)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::database_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::database_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::database_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::database_figures)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::alerts_waiting)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::database_closing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::database_detached)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::hand_over_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::hand_over_overdue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::claim_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::pulse)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::doorbell_rang)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::look_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::heartbeat_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::server_returned)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::restart_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::reload_requested)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::settings_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(pgtrickle::bus::message)
