#include "actors/ctl/command_descriptions.hpp"
#include "actors/ctl/documentation.hpp"
#include "services/core/roff.hpp"

#include <fmt/format.h>

namespace pgtrickle::ctl {

namespace {

constexpr std::string_view introduction = R"(.SH NAME
pgtricklectl \- shows and changes stream tables, their snapshots and daemons
.SH SYNOPSIS
.B pgtricklectl
.I command
.RI [ options ]
.SH DESCRIPTION
.B pgtricklectl
is a client of PostgreSQL, which needs neither the daemon nor NATS on its
machine. What a role may see and do is what it may in
.BR psql (1).
Results go to standard output, everything else to standard error.
.SH COMMANDS
)";

constexpr std::string_view conclusion = R"(.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
Failed; the message says what. Of
.BR "pgtricklectl status" ,
a warning; of
.BR "pgtricklectl doctor" ,
it has found something.
.TP
.B 2
Wrong usage: nothing was done. Of
.BR "pgtricklectl status" ,
something is critical, or can't be found out.
.TP
.BR 130 ", " 143
Ended by Ctrl\-C or by SIGTERM.
.SH ENVIRONMENT
.TP
.BR PGHOST " and its like"
Say how to connect, where the option does not; see
.BR psql (1).
Passwords belong into
.I \(ti/.pgpass
or a service file.
.TP
.B NO_COLOR
Turns colours off.
.SH SEE ALSO
.BR pgtrickled (8),
.BR psql (1)
)";

std::string option_paragraph(const option_description& option) {
  auto term = roff(option.names);
  if (!option.type.empty())
    term += fmt::format("\\fR \\fI{}", roff(option.type));
  auto meaning = option.meaning;
  if (!option.fallback.empty())
    meaning += fmt::format("\nDefault: {}.", option.fallback);
  return roff_term(term, meaning);
}

} // namespace

std::string render_manual(std::string_view date) {
  auto page = roff_title("PGTRICKLECTL", "1", date, "User commands");
  page += introduction;
  for (const auto& command : command_descriptions()) {
    page += fmt::format(".SS \"{}\"\n{}\n.PP\n\\fB{}\\fR\n", roff(command.name),
                        roff(command.meaning), roff(command.usage));
    for (const auto& option : command.options)
      page += option_paragraph(option);
  }
  page += conclusion;
  return page;
}

} // namespace pgtrickle::ctl
