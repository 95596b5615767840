#pragma once

#include <string_view>

namespace pgtrickle {

/// Tells the service manager that started the daemon, by the protocol of
/// systemd's Type=notify, as "READY=1" or "STOPPING=1". Without one that
/// listens it does nothing.
void tell_service_manager(std::string_view state);

} // namespace pgtrickle
