#pragma once
// In which order the leaves of a FROM clause are joined.

#include <set>
#include <vector>

namespace pgtrickle {

/// What the order goes by. A change of a leaf is joined with the leaves before
/// it in one statement, and with those behind it in one more each. So what
/// leaves few rows comes first, and the table that refers to all others late.
class join_order {
public:
  struct leaf {
    /// Rows of its table; 0: unknown.
    double rows = 0;
    /// About what share of them its own conditions leave.
    double share = 1;
    /// Columns whose values no two rows share.
    std::vector<std::size_t> key = {};
  };

  explicit join_order(std::vector<leaf> leaves);

  /// States that a condition leaves `share` of the rows of `leaf`.
  void select(std::size_t leaf, double share) { leaves_[leaf].share *= share; }

  /// States that a condition reads `leaves` together.
  void connect(const std::vector<bool>& leaves) { links_.push_back(leaves); }

  /// States that a condition equates `column` of `leaf` with one of `other`.
  void equate(std::size_t leaf, std::size_t column, std::size_t other);

  /// The leaf to begin with, and the one that follows those that are `done`.
  [[nodiscard]] std::size_t first() const;
  [[nodiscard]] std::size_t next(const std::vector<bool>& done) const;

private:
  [[nodiscard]] std::vector<double> weights() const;
  [[nodiscard]] bool refers(std::size_t leaf, std::size_t other) const;
  [[nodiscard]] bool is_found(std::size_t leaf,
                              const std::vector<bool>& done) const;
  [[nodiscard]] bool is_linked(std::size_t leaf,
                               const std::vector<bool>& done) const;
  [[nodiscard]] int rank(std::size_t leaf, const std::vector<bool>& done) const;
  [[nodiscard]] std::size_t height(std::size_t leaf,
                                   std::vector<bool> above) const;

  std::vector<leaf> leaves_;
  std::vector<std::vector<bool>> links_;
  /// Columns of a leaf (first index) that are equated with another (second).
  std::vector<std::vector<std::set<std::size_t>>> equated_;
};

} // namespace pgtrickle
