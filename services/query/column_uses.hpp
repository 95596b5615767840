#pragma once
// Which columns parts of a query read.

#include "services/query/named_rows.hpp"

#include <set>
#include <string>

namespace pgtrickle {

class column_uses {
public:
  /// Adds what `part` reads, the subqueries in it included.
  void add(const google::protobuf::Message& part);

  /// Whether the column that `alias` calls `name` may be read.
  [[nodiscard]] bool contains(const std::string& alias,
                              const std::string& name) const;

private:
  std::set<std::pair<std::string, std::string>> qualified_;
  std::set<std::string> bare_;
  /// A reference to whole rows.
  bool all_ = false;
};

/// `rows` with the columns in `uses` alone; with all, if that leaves out none.
[[nodiscard]] named_rows only(const column_uses& uses, named_rows rows);

} // namespace pgtrickle
