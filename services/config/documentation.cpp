#include "services/config/documentation.hpp"

#include "services/config/options.hpp"
#include "services/config/settings.hpp"

#include <fmt/format.h>

#include <iterator>

namespace pgtrickle::config {

namespace {

constexpr std::string_view introduction
  = R"(<!-- Rendered from services/config/options.def and sql/settings.def:
     cmake --build --preset dev --target docs -->
# Configuration

## Options of the daemon

`pgtrickled` takes each option from the command line (`--name=value`), else
from its configuration file (`--config-file=<file>`, lines such as
`http="127.0.0.1:10027"`), else from the environment.

| Option | Default | Environment variable | What it does |
|---|---|---|---|
)";

constexpr std::string_view settings_introduction = R"(
## Settings of a database

Set them in PostgreSQL, for example
`ALTER DATABASE shop SET pg_trickle.max_concurrent_refreshes = 8`. The daemon
reads them when it takes the database, and again when it is told to reload
(SIGHUP, `systemctl reload pgtrickled`).

| Setting | Type | Default | Range | What it does |
|---|---|---|---|---|
)";

std::string code(std::string_view text) {
  return text.empty() ? "" : fmt::format("`{}`", text);
}

} // namespace

std::string render_markdown() {
  std::string text{introduction};
  const auto out = std::back_inserter(text);
  for (const auto& o : option_descriptions())
    fmt::format_to(out, "| `--{}` | {} | `{}` | {} |\n", o.name,
                   code(o.default_text), o.environment, o.description);
  text += settings_introduction;
  for (const auto& s : setting_descriptions())
    fmt::format_to(out, "| `{}` | {}{}{} | {} | {} | {} |\n", s.name, s.type,
                   s.unit.empty() ? "" : ", ", s.unit, code(s.default_text),
                   s.range, s.description);
  return text;
}

} // namespace pgtrickle::config
