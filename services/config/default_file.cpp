#include "services/config/documentation.hpp"
#include "services/config/options.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <optional>
#include <utility>

namespace pgtrickle::config {

namespace {

constexpr std::string_view introduction
  = R"(; What pgtrickled is told; see pgtrickled(8). The command line goes before this
; file, and the environment behind it. `systemctl restart pgtrickled` has a change
; count. A password does not belong here: /var/lib/pgtrickle/.pgpass is for it.
)";

/// What a machine with all of pgtrickle needs. The role of PostgreSQL has the
/// name of the user, so that no password is needed.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> set{
  {{"postgres", "host=/var/run/postgresql dbname=postgres user=pgtrickle"},
   {"nats", "nats://127.0.0.1:4222"}}};

std::optional<std::string_view> set_value(std::string_view option) {
  for (const auto& [name, value] : set)
    if (name == option)
      return value;
  return std::nullopt;
}

bool is_text(std::string_view value) {
  return value != "true" && value != "false"
         && (value.empty()
             || value.find_first_not_of("0123456789")
                  != std::string_view::npos);
}

/// `text` in comment lines of at most 80 characters.
std::string commented(std::string_view text) {
  constexpr std::size_t most = 78;
  std::string lines;
  while (text.size() > most) {
    const auto end = text.rfind(' ', most);
    if (end == std::string_view::npos)
      break;
    lines += fmt::format("; {}\n", text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines + fmt::format("; {}\n", text);
}

} // namespace

std::string render_default_file() {
  std::string text{introduction};
  const auto out = std::back_inserter(text);
  for (const auto& option : option_descriptions()) {
    text += '\n' + commented(option.description);
    const auto chosen = set_value(option.name);
    const std::string_view value = chosen.value_or(option.default_text);
    fmt::format_to(out, "{}{}={}\n", chosen ? "" : ";", option.name,
                   is_text(value) ? fmt::format("\"{}\"", value)
                                  : std::string{value});
  }
  return text;
}

} // namespace pgtrickle::config
