#pragma once
// The names of the bus. Subjects carry numbers only; names travel in payloads.

#include "services/core/ids.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pgtrickle::bus {

/// A database on the bus: PostgreSQL's system identifier and its oid there.
struct database_address {
  std::string cluster;
  oid database = 0;

  auto operator<=>(const database_address&) const = default;
};

/// `….call.*`, where callers ask.
[[nodiscard]] std::string calls_subject(const database_address& address);

/// `….cancel`, where callers take back.
[[nodiscard]] std::string cancel_subject(const database_address& address);

/// `….alert.<event>`.
[[nodiscard]] std::string alert_subject(const database_address& address,
                                        std::string_view event);

/// `….report`, where a database's owner tells of it.
[[nodiscard]] std::string report_subject(const database_address& address);

/// The reports of every database of a cluster.
[[nodiscard]] std::string reports_subject(std::string_view cluster);

/// Every alert of every database.
[[nodiscard]] std::string every_alert_subject();

/// `pgtrickle.v1.<cluster>.node.<node>.heartbeat`.
[[nodiscard]] std::string heartbeat_subject(std::string_view cluster,
                                            std::string_view node);

/// The heartbeats of every node of a cluster.
[[nodiscard]] std::string heartbeats_subject(std::string_view cluster);

/// Whether `subject` is where a client waits for replies: an inbox, or what
/// stands for one of another account.
[[nodiscard]] bool is_inbox(std::string_view subject);

/// Turns any text into one token of a subject.
[[nodiscard]] std::string token_of(std::string_view text);

/// Whose call it is, from the subject it came on.
[[nodiscard]] std::optional<database_address>
address_of(std::string_view subject);

/// The last token of a subject: the method of a call.
[[nodiscard]] std::string_view last_token(std::string_view subject);

} // namespace pgtrickle::bus
