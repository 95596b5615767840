#pragma once

#include "actors/daemon_context.hpp"
#include "messages/interfaces.hpp"
#include "services/calls/call_effect.hpp"
#include "services/engine/registration.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <optional>

namespace pgtrickle {

/// What one needs to carry out calls on a database.
struct desk_equipment {
  context_ptr context;
  database_opened database;
  watcher_actor watcher;
  scheduler_actor scheduler;
  gateway_actor gateway;
};

/// Carries out calls one at a time over a session of its own; the refreshes
/// that some of them need are the scheduler's, and others go on meanwhile. A
/// part of the state of `Actor`.
template <class Actor>
class call_desk {
public:
  using continuation = std::function<void(result<std::string>)>;
  using carrier = std::function<result<call_effect>(
    postgres::session&, const caller&, const std::string& method,
    const std::string& arguments, ownership)>;

  explicit call_desk(typename Actor::pointer self) : self_(self) {}

  /// `carry_out` does the work; `session_name` is seen in pg_stat_activity.
  void open(desk_equipment equipment, carrier carry_out,
            std::string session_name);

  caf::result<call_outcome> answer(const call& asked);
  void perform(const call& asked, const continuation& done);

  [[nodiscard]] result<postgres::session*> session();
  void drop_if_lost(const failure& reason);
  /// Closes the session unless it was used of late.
  void rest();
  [[nodiscard]] const database_opened& database() const { return database_; }

private:
  [[nodiscard]] result<call_effect> take_effect(const call& asked);
  void complete(const call& asked, const call_effect& effect,
                const continuation& done);
  void fill(stream_table_id id, const call& asked, const std::string& json,
            const continuation& done);
  void refresh(stream_table_id id, const call& asked, const continuation& done);
  void discard(stream_table_id id);
  void tell(const call& asked, const call_effect& effect);
  void list_stream_tables();
  [[nodiscard]] std::optional<stream_tables_listed> catalog();

  typename Actor::pointer self_;
  context_ptr context_;
  database_opened database_;
  watcher_actor watcher_;
  scheduler_actor scheduler_;
  gateway_actor gateway_;
  carrier carry_out_;
  std::string session_name_;
  std::optional<postgres::session> db_;
  std::chrono::steady_clock::time_point used_at_{};
  bool rest_is_planned_ = false;
};

extern template class call_desk<registrar_actor>;
extern template class call_desk<clerk_actor>;

} // namespace pgtrickle
