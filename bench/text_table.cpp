#include "bench/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle::bench {

text_table::text_table(std::vector<std::string> heading) {
  rows_.push_back(std::move(heading));
}

void text_table::add(std::vector<std::string> row) {
  rows_.push_back(std::move(row));
}

void text_table::print(std::ostream& out) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths.resize(std::max(widths.size(), i + 1));
      widths[i] = std::max(widths[i], row[i].size());
    }
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += i == 0 ? fmt::format("{:<{}}", row[i], widths[i])
                     : fmt::format("  {:>{}}", row[i], widths[i]);
    out << line << '\n';
  }
  out << std::flush;
}

std::string ms_text(double ms) {
  return fmt::format("{:.{}f}", ms, ms < 10 ? 2 : ms < 100 ? 1 : 0);
}

std::string ratio_text(double factor) {
  return fmt::format("{:.{}f}x", factor, factor < 10 ? 2 : 1);
}

std::string bar_text(const std::string& what, double figure,
                     const std::string& bar, bool kept) {
  return fmt::format("{}: {:.2f}, bar {}: {}", what, figure, bar,
                     kept ? "kept" : "MISSED");
}

std::string grouped(std::int64_t value) {
  std::string text;
  std::size_t left = std::to_string(value).size();
  for (char digit : std::to_string(value)) {
    text += digit;
    if (--left > 0 && left % 3 == 0 && digit != '-')
      text += ',';
  }
  return text;
}

std::string percent_text(double share) {
  return fmt::format("{:g} %", share * 100);
}

} // namespace pgtrickle::bench
