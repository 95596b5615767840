#include "services/catalog/lineage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace pgtrickle::catalog {

namespace {

template <class Number>
std::optional<Number> number(std::string_view text, int base) {
  Number value{};
  const auto* end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc{} || read != end)
    return std::nullopt;
  return value;
}

/// Takes the next word off `text`; words end at blanks.
std::string_view next_word(std::string_view& text) {
  constexpr std::string_view blanks = " \t\r";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  const auto word = text.substr(0, text.find_first_of(blanks));
  text.remove_prefix(word.size());
  return word;
}

} // namespace

std::optional<std::uint64_t> parse_lsn(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos)
    return std::nullopt;
  const auto high = number<std::uint32_t>(text.substr(0, slash), 16);
  const auto low = number<std::uint32_t>(text.substr(slash + 1), 16);
  if (!high || !low)
    return std::nullopt;
  return std::uint64_t{*high} << 32U | *low;
}

std::string lsn_text(std::uint64_t lsn) {
  return fmt::format("{:X}/{:X}", lsn >> 32U, lsn & 0xFFFFFFFFU);
}

std::vector<past_timeline> parse_history(std::string_view file) {
  std::vector<past_timeline> past;
  while (!file.empty()) {
    const auto length = std::min(file.find('\n'), file.size());
    auto line = file.substr(0, length);
    file.remove_prefix(std::min(length + 1, file.size()));
    const auto timeline = number<std::uint32_t>(next_word(line), 10);
    const auto end = parse_lsn(next_word(line));
    if (timeline && end)
      past.push_back({*timeline, *end});
  }
  return past;
}

std::optional<std::string> why_not_ancestor(const history_point& point,
                                            const lineage& present) {
  if (point.system_identifier != present.now.system_identifier)
    return "it is of another PostgreSQL cluster";
  auto end = present.now.lsn;
  if (point.timeline != present.now.timeline) {
    const auto found = std::ranges::find(present.past, point.timeline,
                                         &past_timeline::timeline);
    if (found == present.past.end())
      return fmt::format("it is on timeline {}, from which the present one, "
                         "{}, does not descend",
                         point.timeline, present.now.timeline);
    end = found->end;
  }
  if (point.lsn <= end)
    return std::nullopt;
  if (point.timeline == present.now.timeline)
    return fmt::format("it is at {}, and the server has only come to {}",
                       lsn_text(point.lsn), lsn_text(end));
  return fmt::format("it is at {} of timeline {}, which the present one left "
                     "at {}",
                     lsn_text(point.lsn), point.timeline, lsn_text(end));
}

} // namespace pgtrickle::catalog
