#pragma once

#include "test/engine/stream_database.hpp"

#include <string>

namespace pgtrickle::test {

/// customer(id, region, credit, born) and sale(customer, item, amount, price,
/// note, weight): sources with nulls and duplicates; sale has no primary key.
struct shop : stream_database {
  shop();

  /// Commits changes of every kind, other ones each `round`.
  void change(int round);

  /// Keeps a stream table over `query` through changes, and compares it with
  /// the query after each refresh; fails the test where they differ.
  /// Fails it too if a part of the query is recomputed as no operator covers
  /// it, but for the part that `recomputed` says.
  void keeps(const std::string& query, const std::string& recomputed = "");

private:
  int changes_ = 0;
};

} // namespace pgtrickle::test
