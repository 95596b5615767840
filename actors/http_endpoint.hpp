#pragma once

#include "actors/daemon_context.hpp"
#include "services/config/options.hpp"
#include "services/http/server.hpp"

#include <optional>

namespace pgtrickle {

/// Answers HTTP as `options` say. Absent: it was not wanted, or could not be
/// had; then the log tells why, and the daemon goes on.
/// Errors: what server::start fails with, if the option http-required is set.
[[nodiscard]] result<std::optional<http::server>>
start_http(const config::options& options, const daemon_context& context);

} // namespace pgtrickle
