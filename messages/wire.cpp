#include "messages/wire.hpp"

#include "proto/call.pb.h"
#include "proto/cluster.pb.h"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle::wire {

namespace {

using bus::database_time;

database_time time_of(std::int64_t microseconds) {
  return database_time{std::chrono::microseconds{microseconds}};
}

std::int64_t microseconds_of(database_time time) {
  return time.time_since_epoch().count();
}

/// Texts of an error must fit into one message of the bus.
constexpr std::size_t max_text_bytes = 64 * 1024;

std::string clipped(std::string_view text) {
  return std::string{text.substr(0, max_text_bytes)};
}

bool parse(google::protobuf::MessageLite& message, std::string_view bytes) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

} // namespace

std::optional<signed_call> decode_signed_call(std::string_view payload) {
  SignedCall envelope;
  Call call;
  if (!parse(envelope, payload) || !parse(call, envelope.call())
      || call.id().empty())
    return std::nullopt;
  signed_call decoded;
  decoded.content = {{call.id(), call.backend_pid()},
                     call.method(),
                     call.arguments(),
                     {call.role(), call.search_path()}};
  decoded.issued_at = time_of(call.issued_at());
  decoded.deadline = time_of(call.deadline());
  decoded.signed_bytes = envelope.call();
  decoded.signature = envelope.signature();
  return decoded;
}

result<void> verify(const signed_call& asked, std::string_view secret,
                    std::string_view method_of_subject,
                    bus::replay_guard& guard, bus::database_time now) {
  const auto& content = asked.content;
  if (!bus::signature_matches(secret, asked.signed_bytes, asked.signature))
    return fail(errc::call_rejected, "call is not signed by this database",
                "Call the functions of the extension pg_trickle.");
  if (content.method != method_of_subject)
    return fail(errc::call_rejected,
                fmt::format("call of {} arrived as {}", content.method,
                            method_of_subject));
  if (asked.deadline <= now)
    return fail(errc::deadline_exceeded,
                fmt::format("{}: the call's time was over before it began",
                            content.method));
  return guard.admit(content.ticket.id, asked.issued_at, now);
}

std::string encode_alive() {
  Reply reply;
  reply.set_alive(true);
  return reply.SerializeAsString();
}

std::string encode_notice(std::string_view text) {
  Reply reply;
  reply.set_notice(clipped(text));
  return reply.SerializeAsString();
}

std::string encode_error(const failure& reason) {
  Reply reply;
  auto* error = reply.mutable_error();
  error->set_sqlstate(std::string{reason.state()});
  error->set_message(clipped(reason.message));
  error->set_detail(clipped(reason.detail));
  error->set_hint(clipped(reason.hint));
  error->set_not_begun(reason.code == errc::taking_over);
  return reply.SerializeAsString();
}

std::vector<std::string> encode_result(std::string_view json) {
  const auto count = std::max<std::size_t>(1, (json.size() + max_part_bytes - 1)
                                                / max_part_bytes);
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < count; ++i) {
    Reply reply;
    auto* part = reply.mutable_result();
    part->set_json(
      std::string{json.substr(i * max_part_bytes, max_part_bytes)});
    part->set_index(static_cast<std::uint32_t>(i));
    part->set_count(static_cast<std::uint32_t>(count));
    parts.push_back(reply.SerializeAsString());
  }
  return parts;
}

std::string encode_heartbeat(const node_report& report) {
  Heartbeat beat;
  beat.set_node(report.node);
  beat.set_version(report.version);
  beat.set_started_at(microseconds_of(report.started_at));
  beat.set_sent_at(microseconds_of(report.sent_at));
  for (const auto& database : report.databases) {
    auto* entry = beat.add_databases();
    entry->set_oid(database.id);
    entry->set_name(database.name);
    entry->set_owner_epoch(database.owner_epoch);
    entry->set_stream_tables(database.stream_tables);
    entry->set_workers_active(database.workers_active);
    entry->set_workers_queued(database.workers_queued);
    entry->set_quota(database.quota);
  }
  return beat.SerializeAsString();
}

std::optional<node_report> decode_heartbeat(std::string_view payload) {
  Heartbeat beat;
  if (!parse(beat, payload) || beat.node().empty())
    return std::nullopt;
  node_report report{beat.node(),
                     beat.version(),
                     time_of(beat.started_at()),
                     time_of(beat.sent_at()),
                     {}};
  for (const auto& entry : beat.databases())
    report.databases.push_back({entry.oid(), entry.name(), entry.owner_epoch(),
                                entry.stream_tables(), entry.workers_active(),
                                entry.workers_queued(), entry.quota()});
  return report;
}

} // namespace pgtrickle::wire
