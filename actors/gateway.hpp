#pragma once

#include "actors/doorman.hpp"
#include "messages/interfaces.hpp"
#include "messages/program_call.hpp"
#include "messages/replies.hpp"
#include "messages/wire.hpp"
#include "services/coordination/call_ledger.hpp"
#include "services/coordination/log_throttle.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <map>

namespace pgtrickle {

/// Turns what arrives on the bus into calls, and their outcomes into replies.
class gateway_state {
public:
  static constexpr const char* name = "gateway";

  explicit gateway_state(gateway_actor::pointer self) : self_(self) {}

  gateway_actor::behavior_type make_behavior(context_ptr context,
                                             doorman_factory doormen);

private:
  struct served_database {
    database_attached terms;
    bus::replay_guard guard;
    std::vector<bus::subscription> subscriptions;
    /// There from the first call of a program on.
    doorman_actor doorman = {};
  };

  // -- databases ---
  void attach(const database_attached& terms);
  void stop_listening(oid database);
  void detach(oid database);
  void listen(served_database& served, const std::string& subject);

  // -- calls ---
  void take(const bus::message& arrived);
  void turn_away(const std::optional<bus::database_address>& from,
                 const bus::message& arrived);
  void take_from(served_database& served, const bus::message& arrived);
  void take_from_program(served_database& served, const bus::message& arrived);
  void begin(served_database& served, const std::string& reply_to,
             wire::signed_call asked);
  void begin_program(served_database& served, const bus::message& arrived);
  void ask_doorman(served_database& served, wire::program_call asked);
  void hand_on(const supervisor_actor& supervisor, const call& asked);
  [[nodiscard]] result<void> admit(served_database& served,
                                   const std::string& reply_to, call& asked,
                                   bus::database_time deadline,
                                   reply_format format);
  void cancel(served_database& served, const std::string& id);
  void settle(const std::string& id, const result<std::string>& outcome);
  void give_up(const call_ledger::entry& entry, const failure& reason);
  void count(const call_ledger::entry& entry, metrics::call_outcome outcome,
             std::string_view error);
  void look_after_calls();
  void reject(oid database, const std::string& reply_to, reply_format format,
              const failure& reason);
  void tell(const call_notice& notice);
  void garbage(std::string_view why);

  // -- replies ---
  void reply(const std::string& reply_to, const wire::outgoing& told);
  void keep_looking();

  gateway_actor::pointer self_;
  context_ptr context_;
  doorman_factory doormen_;
  std::map<bus::database_address, served_database> databases_;
  /// When those were let go for which calls may still arrive.
  std::map<bus::database_address, std::chrono::steady_clock::time_point> left_;
  call_ledger ledger_;
  bool is_looking_ = false;
  log_throttle rejections_{std::chrono::seconds{10}};
  /// Messages from the bus that wait in the mailbox.
  std::shared_ptr<std::atomic<int>> backlog_
    = std::make_shared<std::atomic<int>>(0);
};

gateway_actor::behavior_type
gateway(gateway_actor::stateful_pointer<gateway_state> self,
        context_ptr context, doorman_factory doormen);

} // namespace pgtrickle
