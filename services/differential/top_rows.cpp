// Δτ(Q) = first rows of (P + the part of ΔQ that reaches P) − the old first
// rows
//
// An arrangement holds a prefix P of Q in the order: at least as many rows as
// the slice ends at, and a reserve. A change that sorts behind the last row of
// P changes neither P nor the slice. Rows that go use up the reserve; only when
// P no longer reaches the end of the slice, it is read from Q again. When it is
// shorter even so, it is all of Q. A second arrangement holds the slice itself:
// among rows that sort alike there is a choice, and this is the one that was
// made.

#include "services/differential/apply.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace pgtrickle {

namespace {

using texts = std::vector<std::string>;

/// What a LIMIT may be at most.
constexpr std::uint64_t most_rows = std::numeric_limits<std::int64_t>::max();

/// The sum of `a` and `b`, or the most rows that there may be.
std::uint64_t rows(std::uint64_t a, std::uint64_t b) {
  return a > most_rows - std::min(b, most_rows) ? most_rows : a + b;
}

class sliced {
public:
  sliced(const top_rows& node, const plan& self, program_builder& program)
    : node_(node), self_(self), program_(program),
      where_(self.columns, self.key), names_(column_names(self.columns.size())),
      order_(joined(node.order)), needed_(rows(node.count, node.offset)),
      kept_(rows(needed_, std::max<std::uint64_t>(needed_, 32))) {}

  delta differentiate() {
    const auto input = program_.differentiate(*node_.input);
    prefix_ = add_arrangement("prefix");
    slice_ = add_arrangement("slice");
    program_.add_fill(first_rows(prefix_));
    program_.add_fill(
      fmt::format("INSERT INTO {} SELECT * FROM {} q", slice_, in_prefix()));
    const auto reaching = add_staged("reaching");
    const auto changes = add_staged("top_rows");
    program_.begin_if(any_rows(input.counts));
    program_.stage(reaching, reaching_prefix(input.relation));
    program_.begin_if(reaching.count + " > 0");
    change_prefix(reaching.relation);
    program_.stage(
      changes,
      consolidated(difference(in_prefix(), slice_, names_), self_.columns));
    program_.begin_if(changes.count + " > 0");
    apply(program_, {slice_, names_}, where_, changes.relation);
    program_.end_if();
    program_.end_if();
    program_.end_if();
    program_.store(self_, fmt::format("(SELECT * FROM {} s)", slice_));
    return {changes.relation, {changes.count}};
  }

private:
  program_builder::staged_rows add_staged(std::string_view name) {
    return program_.add_staged(name, delta_definitions(self_.columns));
  }

  std::string add_arrangement(std::string_view name) {
    auto table = program_.add_state(name, definitions(self_.columns));
    for (const auto& index : where_.index_on(table, names_))
      program_.add_state_index(index);
    return table;
  }

  std::string first_rows(const std::string& prefix) const {
    return fmt::format("INSERT INTO {} SELECT * FROM {} i ORDER BY {} LIMIT {}",
                       prefix, program_.current(*node_.input), order_, kept_);
  }

  /// The slice, as the prefix tells it. Rows that sort alike are taken by their
  /// values, so that they don't change places for nothing.
  std::string in_prefix() const {
    texts order{order_};
    for (auto i : where_.key())
      order.push_back("i." + names_[i]
                      + (self_.columns[i].indexable ? "" : "::text"));
    return fmt::format("(SELECT * FROM {} i ORDER BY {} LIMIT {} OFFSET {})",
                       prefix_, joined(order), node_.count, node_.offset);
  }

  /// The changes that reach the prefix. Of the rows that come, more than it
  /// holds never do: if some are left out here, it is cut off before them. Of
  /// those that go, so many as it has.
  std::string reaching_prefix(const std::string& input) const {
    const auto come = fmt::format(
      "(SELECT i.*, false AS __stored FROM d i WHERE i.__weight > 0 "
      "ORDER BY {} LIMIT {})",
      order_, kept_);
    const auto stored = joined(references("s", names_));
    const auto placed = fmt::format(
      "(SELECT i.*, bool_or(i.__stored) OVER (ORDER BY {} RANGE BETWEEN "
      "CURRENT ROW AND UNBOUNDED FOLLOWING) AS __reaches FROM ({} UNION ALL "
      "SELECT {}, 1, true FROM {} s) i)",
      order_, come, stored, prefix_);
    const auto copies = consolidated(
      fmt::format("(SELECT {}, 1 AS __weight FROM {} s)", stored, prefix_),
      self_.columns);
    return fmt::format(
      "(WITH d AS MATERIALIZED (SELECT * FROM {} c) SELECT {}, i.__weight "
      "FROM {} i WHERE NOT i.__stored AND (i.__reaches OR (SELECT count(*) "
      "FROM {}) < {}) UNION ALL SELECT {}, -least(-d.__weight, s.__weight) "
      "FROM d JOIN {} s ON {} WHERE d.__weight < 0)",
      consolidated(input, self_.columns), joined(references("i", names_)),
      placed, prefix_, needed_, joined(references("d", names_)), copies,
      where_.identical(references("s", names_), references("d", names_)));
  }

  void change_prefix(const std::string& reaching) {
    const auto before = program_.add_count();
    count_prefix();
    program_.line(before + " := n;");
    apply(program_, {prefix_, names_}, where_, reaching);
    count_prefix();
    program_.begin_if(fmt::format("{0} >= {1} AND n < {1}", before, needed_));
    program_.run("DELETE FROM " + prefix_);
    program_.run(first_rows(prefix_));
    program_.end_if();
    program_.begin_if(fmt::format("n > {}", kept_));
    program_.run(fmt::format(
      "DELETE FROM {0} s USING (SELECT i.ctid AS id FROM {0} i ORDER BY {1} "
      "OFFSET {2}) x WHERE s.ctid = x.id",
      prefix_, order_, kept_));
    program_.end_if();
  }

  void count_prefix() {
    program_.select("SELECT count(*) FROM " + prefix_, "n");
  }

  const top_rows& node_;
  const plan& self_;
  program_builder& program_;
  locator where_;
  texts names_;
  std::string order_;
  std::uint64_t needed_; // rows up to the end of the slice
  std::uint64_t kept_;   // most rows in the prefix
  std::string prefix_;
  std::string slice_;
};

} // namespace

delta differentiate(const top_rows& node, const plan& self,
                    program_builder& program) {
  if (node.count == 0)
    return {no_rows(delta_definitions(self.columns)), {program.add_count()}};
  return sliced{node, self, program}.differentiate();
}

} // namespace pgtrickle
