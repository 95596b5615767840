#include "services/bus/subjects.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

TEST_CASE("a call's subject tells whose call it is and which") {
  const bus::database_address address{"7300", 16384};
  CHECK(bus::calls_subject(address) == "pgtrickle.v1.7300.16384.call.*");
  CHECK(bus::address_of("pgtrickle.v1.7300.16384.call.ping") == address);
  CHECK(bus::last_token("pgtrickle.v1.7300.16384.call.ping") == "ping");
}

TEST_CASE("a subject of something else has no address") {
  CHECK_FALSE(bus::address_of("pgtrickle.v1.7300"));
  CHECK_FALSE(bus::address_of("pgtrickle.v1.7300.x.call.ping"));
  CHECK_FALSE(bus::address_of("other.v1.7300.1.call.ping"));
  CHECK_FALSE(bus::address_of("pgtrickle.v1.7300.99999999999.call.ping"));
}

TEST_CASE("any text becomes one token of a subject") {
  CHECK(bus::token_of("a.b *>") == "a_b___");
  CHECK(bus::token_of("") == "_");
}
