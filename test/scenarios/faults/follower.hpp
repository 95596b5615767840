#pragma once

#include "test/scenarios/installation.hpp"

#include <cstdlib>

namespace pgtrickle::test {

/// Whether the scenarios that take longer than a minute are wanted too: those
/// of `deploy/test --faults`.
inline bool wants_long_ones() {
  return std::getenv("PGTRICKLE_FAULTS") != nullptr;
}

/// Stream table `copy_<name>` that has the rows of table `name`, each second.
inline void create_copy(scenario& s, const std::string& name) {
  must(s.db, "CREATE TABLE " + name + " (a int); INSERT INTO " + name
               + " VALUES (1)");
  must(s.db, "SELECT pgtrickle.create_stream_table('copy_" + name
               + "', 'SELECT a FROM " + name + "', '1s')");
}

/// Whether what is written to `name` now arrives in its copy within `limit`.
inline bool copy_follows(scenario& s, const std::string& name,
                         std::chrono::milliseconds limit) {
  must(s.admin, "INSERT INTO " + name + " SELECT 1 + count(*) FROM " + name);
  return comes_true(s.admin, "copy_" + name, limit);
}

} // namespace pgtrickle::test
