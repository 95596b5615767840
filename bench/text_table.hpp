#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace pgtrickle::bench {

/// A table that is printed with aligned columns: the first to the left, the
/// others to the right.
class text_table {
public:
  explicit text_table(std::vector<std::string> heading);

  void add(std::vector<std::string> row);

  void print(std::ostream& out) const;

private:
  std::vector<std::vector<std::string>> rows_;
};

/// `ms` with as many digits as one can believe, for example "0.83", "12.4".
[[nodiscard]] std::string ms_text(double ms);

/// `factor` as, for example, "23.4x".
[[nodiscard]] std::string ratio_text(double factor);

/// Says on one line whether a figure keeps its bar.
[[nodiscard]] std::string bar_text(const std::string& what, double figure,
                                   const std::string& bar, bool kept);

/// `value` grouped by thousands, for example "1,000,000".
[[nodiscard]] std::string grouped(std::int64_t value);

/// `share` as per cent, for example "0.1 %".
[[nodiscard]] std::string percent_text(double share);

} // namespace pgtrickle::bench
