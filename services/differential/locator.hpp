#pragma once
// How a row is found in a table by its values.

#include "services/query/facts.hpp"

#include <string>
#include <vector>

namespace pgtrickle {

/// A table's columns that are looked up together, and how: by a plain index,
/// or, where values may be null or large, by an index over their hash.
class locator {
public:
  /// For rows of `columns` that are told apart by those at `key`; an empty key
  /// stands for all columns.
  locator(std::vector<column> columns, std::vector<std::size_t> key);

  /// For rows of `columns` of which several may be alike at `group`, which is
  /// not empty.
  [[nodiscard]] static locator of_groups(std::vector<column> columns,
                                         std::vector<std::size_t> group);

  /// Whether the columns hold no two equal rows, by a unique index.
  [[nodiscard]] bool is_unique() const { return unique_; }

  [[nodiscard]] const std::vector<std::size_t>& key() const { return key_; }

  /// The index on `table`, whose columns are called `names`; nothing when no
  /// column can be indexed. One with a `name` may be there already.
  [[nodiscard]] std::vector<std::string>
  index_on(const std::string& table, const std::vector<std::string>& names,
           const std::string& name = {}) const;

  /// The condition that two rows are the same in the key, `a` and `b` being
  /// references to all columns of each: by SQL's equality, as GROUP BY sees it,
  /// or the very same values.
  [[nodiscard]] std::string equal(const std::vector<std::string>& a,
                                  const std::vector<std::string>& b) const;
  [[nodiscard]] std::string identical(const std::vector<std::string>& a,
                                      const std::vector<std::string>& b) const;

private:
  using comparison = std::string (*)(const std::string&, const column&);
  [[nodiscard]] std::string match(const std::vector<std::string>& a,
                                  const std::vector<std::string>& b,
                                  comparison side) const;
  [[nodiscard]] std::string
  hash(const std::vector<std::string>& references) const;

  std::vector<column> columns_;
  std::vector<std::size_t> key_;
  bool plain_ = false; // a plain index serves
  bool unique_ = false;
};

/// Positions of all of `count` columns.
[[nodiscard]] std::vector<std::size_t> all_columns(std::size_t count);

/// "alias.name" for each of `names`.
[[nodiscard]] std::vector<std::string>
references(std::string_view alias, const std::vector<std::string>& names);

/// c1, c2 … as names.
[[nodiscard]] std::vector<std::string> column_names(std::size_t count);

} // namespace pgtrickle
