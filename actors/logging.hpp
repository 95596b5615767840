#pragma once

#include "services/config/options.hpp"

namespace pgtrickle {

/// Sets up the log on standard error, as `options` say.
void set_up_log(const config::options& options);

} // namespace pgtrickle
