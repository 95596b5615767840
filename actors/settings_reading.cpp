#include "actors/settings_reading.hpp"

#include "services/observation/settings.hpp"

#include <caf/event_based_actor.hpp>

namespace pgtrickle {

void begin_reading_settings(const context_ptr& context,
                            const std::string& database,
                            const watcher_actor& watcher) {
  watcher.home_system().spawn<caf::detached>(
    [context, database, watcher](caf::event_based_actor* self) {
      self->send(watcher,
                 settings_read{postgres::session::open(
                                 context->session_for(database, "settings"))
                                 .and_then([](postgres::session db) {
                                   return observation::read_settings(db);
                                 })});
    });
}

} // namespace pgtrickle
