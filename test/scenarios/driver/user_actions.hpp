#pragma once

#include "test/scenarios/driver/choice.hpp"

namespace pgtrickle::test::driver {

/// Makes the sources as they are at the beginning, and puts right what DDL has
/// done to them since. Each statement may fail.
[[nodiscard]] const std::vector<std::string>& repair_of_sources();

/// Statements of a user, in the order of their execution; a failure leaves out
/// the rest.
[[nodiscard]] std::vector<std::string> write_something(choice& random);
[[nodiscard]] std::vector<std::string> alter_a_source(choice& random);
[[nodiscard]] std::vector<std::string> get_in_the_way(choice& random);
[[nodiscard]] std::vector<std::string> define_something(choice& random);
[[nodiscard]] std::vector<std::string> act_on_something(choice& random);

} // namespace pgtrickle::test::driver
