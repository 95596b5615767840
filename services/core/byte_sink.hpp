#pragma once

#include "services/core/result.hpp"

#include <functional>
#include <string_view>

namespace pgtrickle {

/// Takes bytes; what it fails with ends the work that it is fed by.
using byte_sink = std::function<result<void>(std::string_view)>;

} // namespace pgtrickle
