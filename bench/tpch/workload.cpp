#include "bench/tpch/workload.hpp"

#include "tpch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace pgtrickle::bench::tpch {

namespace {

constexpr std::array queries{
  sql::q01, sql::q02, sql::q03, sql::q04, sql::q05, sql::q06,
  sql::q07, sql::q08, sql::q09, sql::q10, sql::q11, sql::q12,
  sql::q13, sql::q14, sql::q15, sql::q16, sql::q17, sql::q18,
  sql::q19, sql::q20, sql::q21, sql::q22,
};

/// Puts `value` where `name` stands, as psql does with its variables.
std::string with(std::string_view text, std::string_view name,
                 const std::string& value) {
  std::string result{text};
  const auto at = result.find(name);
  return at == std::string::npos ? result
                                 : result.replace(at, name.size(), value);
}

/// Query 11 selects parts by their share of a nation's stock: what is 0.0001
/// for 800,000 entries of stock in 25 nations follows the size.
double fraction(const scale& size) {
  const auto parts = std::max(static_cast<double>(size.lineitems) / 30, 400.0);
  const auto nations = std::min(25, 2 * size.most_words);
  return 20 / parts * nations / 25;
}

} // namespace

std::vector<std::string> setup(const scale& size) {
  return {
    std::string{sql::schema},
    with(with(sql::generator, ":lineitems", std::to_string(size.lineitems)),
         ":most_words", std::to_string(size.most_words)),
    std::string{sql::data}, std::string{sql::changes}};
}

std::string query(int number, const scale& size) {
  return with(queries.at(static_cast<std::size_t>(number) - 1), ":fraction",
              fmt::format("{:.6f}", fraction(size)));
}

} // namespace pgtrickle::bench::tpch
