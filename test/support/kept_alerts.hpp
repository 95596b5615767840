#pragma once

#include <string>
#include <vector>

namespace pgtrickle::test {

/// The ids (Nats-Msg-Id) of the alerts in the stream PGTRICKLE_ALERTS of the
/// server at `url`, in its order; only those below `subject`.
[[nodiscard]] std::vector<std::string>
kept_alerts(const std::string& url,
            const std::string& subject = "pgtrickle.v1.*.*.alert.>");

} // namespace pgtrickle::test
