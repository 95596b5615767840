#include "services/config/documentation.hpp"
#include "services/config/options.hpp"
#include "services/core/roff.hpp"

#include <fmt/format.h>

namespace pgtrickle::config {

namespace {

constexpr std::string_view introduction = R"(.SH NAME
pgtrickled \- keeps the stream tables of PostgreSQL fresh
.SH SYNOPSIS
.B pgtrickled
.RI [ options ]
.SH DESCRIPTION
.B pgtrickled
keeps stream tables, which are tables defined by a query, equal to their
queries in every database of a PostgreSQL cluster that has the extension
.BR pg_trickle .
It connects to PostgreSQL as a superuser and takes calls from the extension
over NATS. All state is in PostgreSQL: it may be killed at any time, and
several may run at a time.
.PP
Each option is taken from the command line, else from the configuration file,
else from the environment.
.SH OPTIONS
)";

constexpr std::string_view conclusion = R"(.SH FILES
.TP
.I /etc/pgtrickle/pgtrickled.conf
The configuration file, with lines such as
.BR http="127.0.0.1:10027" .
.TP
.I /var/lib/pgtrickle
What a private NATS server keeps; the service's home, for a
.IR .pgpass .
.SH SIGNALS
.TP
.BR SIGTERM ", " SIGINT
Ends the daemon, after the refreshes that run.
.TP
.B SIGHUP
Has it read its configuration again. What a running daemon takes over is how
it writes its log.
.SH EXIT STATUS
.TP
.B 0
It was asked to end, or is drained.
.TP
.B 1
It failed; its log says why.
.TP
.B 2
An option is wrong.
.SH SEE ALSO
.BR pgtricklectl (1),
.BR psql (1)
)";

bool is_flag(const option_description& option) {
  return option.default_text == "false" || option.default_text == "true";
}

std::string option_paragraph(const option_description& option) {
  const auto term = fmt::format("\\-\\-{}{}", roff(option.name),
                                is_flag(option) ? "" : "\\fR=\\fIvalue");
  auto meaning = std::string{option.description};
  if (!is_flag(option) && !option.default_text.empty())
    meaning += fmt::format("\nDefault: {}.", option.default_text);
  meaning += fmt::format("\nEnvironment: {}.", option.environment);
  return roff_term(term, meaning);
}

} // namespace

std::string render_manual(std::string_view date) {
  auto page = roff_title("PGTRICKLED", "8", date, "System administration");
  page += introduction;
  for (const auto& option : option_descriptions())
    page += option_paragraph(option);
  page += roff_term("\\-\\-config\\-file\\fR=\\fIfile",
                    "Names the configuration file.");
  page += roff_term("\\-h\\fR, \\fB\\-\\-help", "Shows the options.");
  page += roff_term("\\-V\\fR, \\fB\\-\\-version", "Shows the version.");
  page += conclusion;
  return page;
}

} // namespace pgtrickle::config
