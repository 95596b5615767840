#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pgtrickle::bench::tpch {

/// How large the database is, and how many different words a column takes its
/// values from at most: with few, the queries select rows from small tables
/// too.
struct scale {
  std::int64_t lineitems = 600000;
  int most_words = 1000;
};

/// Statements that create and fill the tables, and the function
/// change(turn, share), which makes the changes of one round.
[[nodiscard]] std::vector<std::string> setup(const scale& size);

/// Query 1 to 22 with the parameters of the specification's validation run.
[[nodiscard]] std::string query(int number, const scale& size);

} // namespace pgtrickle::bench::tpch
