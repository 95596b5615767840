#include "services/postgres/connection_gate.hpp"

#include "test/support/eventually.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

using namespace pgtrickle;
using namespace std::chrono_literals;
using postgres::connection_gate;

TEST_CASE("who comes when the gate is full waits for a place") {
  std::atomic<int> told = 0;
  const auto gate
    = std::make_shared<connection_gate>(1, [&](const std::string&) { ++told; });
  auto first = gate->enter(false);
  REQUIRE(first);
  CHECK_FALSE(gate->is_pressed());
  std::atomic<bool> entered = false;
  std::thread second{[&] { entered = gate->enter(false).has_value(); }};
  CHECK(test::eventually(10s, [&] { return gate->is_pressed(); }));
  CHECK_FALSE(entered);
  first->reset();
  second.join();
  CHECK(entered);
  CHECK(told == 1);
  CHECK_FALSE(gate->is_pressed());
}

TEST_CASE("connections that last leave places to the others") {
  const auto gate = std::make_shared<connection_gate>(4);
  const auto first = gate->enter(true);
  const auto second = gate->enter(true);
  REQUIRE((first && second));
  std::atomic<bool> entered = false;
  std::thread third{[&] { entered = gate->enter(true).has_value(); }};
  CHECK(test::eventually(10s, [&] { return gate->is_pressed(); }));
  CHECK(gate->enter(false));
  gate->close();
  third.join();
  CHECK_FALSE(entered);
}

TEST_CASE("a gate that is closed lets nobody wait") {
  const auto gate = std::make_shared<connection_gate>(1);
  const auto first = gate->enter(false);
  gate->close();
  const auto second = gate->enter(false);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == errc::overloaded);
  CHECK_FALSE(gate->pause(1, "sorry, too many clients already"));
}
