#include "services/http/negotiation.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle::http;

TEST_CASE("OpenMetrics is told to whoever ranks it no lower than text") {
  CHECK(prefers_openmetrics("application/openmetrics-text"));
  CHECK(prefers_openmetrics("application/openmetrics-text;version=1.0.0,"
                            "application/openmetrics-text;version=0.0.1;q=0.75,"
                            "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
  CHECK(prefers_openmetrics(
    "text/plain; q=0.5, Application/OpenMetrics-Text; Version=1.0.0; Q=0.6"));
}

TEST_CASE("text is told to everybody else") {
  for (const auto* accept :
       {"", "*/*", "text/plain", "text/html,*/*;q=0.8",
        "application/openmetrics-text;version=1.0.0;q=0.4,"
        "text/plain;version=0.0.4;q=0.5",
        "application/openmetrics-text;q=0",
        "application/openmetrics-text;version=0.0.1",
        "application/openmetrics-text;q=2", "application/openmetrics-text;q=x",
        ";;;,,,=;q=", "application/openmetrics-text;q=0.5,*/*"})
    CHECK_MESSAGE(!prefers_openmetrics(accept), accept);
}

TEST_CASE("gzip is used for whoever takes it") {
  for (const auto* accept : {"gzip", "deflate, GZIP;q=0.5", "*", "x-gzip"})
    CHECK_MESSAGE(takes_gzip(accept), accept);
  for (const auto* accept :
       {"", "identity", "gzip;q=0", "*;q=0", "gzip;q=0, *", "br"})
    CHECK_MESSAGE(!takes_gzip(accept), accept);
}
