#include "actors/ctl/documentation.hpp"

#include "actors/ctl/command_descriptions.hpp"

#include <fmt/format.h>

namespace pgtrickle::ctl {

namespace {

constexpr std::string_view introduction = R"(<!-- Rendered from actors/ctl:
     cmake --build --preset dev --target docs -->
# pgtricklectl

The command line of pgtrickle: a client of PostgreSQL, which needs neither the
daemon nor NATS on its machine. `deploy/setup` builds it as
`build/cmake/dev/actors/ctl/pgtricklectl`, and the exports that `deploy/dev up`
prints put it on the PATH.

```sh
pgtricklectl status -d shop
pgtricklectl show public.revenue -d shop
pgtricklectl top -d shop
pgtricklectl doctor -d shop
pgtricklectl snapshot copy pgtrickle.snapshot_public_revenue_20261126T201500 \
  --from 'host=db1 dbname=shop' --to 'host=db2 dbname=shop'
```

Everything goes over SQL, by the functions of the [SQL reference](SQL_REFERENCE.md):
what a role may see and do is what it may in `psql`. Results go to standard output,
as a table, JSON or TSV (`--output`); everything else goes to standard error.
JSON is an array with an object for each row, whose keys are the columns of the
function. Times are in ISO 8601. Colour and progress are for terminals only, and
`NO_COLOR` is honoured. What destroys asks first, or needs `--yes`. `--help` stands
behind every command.

| Exit status | Meaning |
|---|---|
| 0 | Done. |
| 1 | Failed; the message says what, and a HINT mostly what to do. |
| 2 | Wrong usage: nothing was done. |
| 130, 143 | Ended by Ctrl-C or by SIGTERM; the message says how to go on. A second Ctrl-C ends it at once. `top` and `alerts --follow` have no other end, and end with 0. |

`status` is for monitoring, and has its own: 0 all is well, 1 a warning, 2 critical,
or it can't be found out. `doctor` ends with 1 if it has found something.

| `status` checks | Warning | Critical |
|---|---|---|
| daemon | | it does not answer within ten seconds |
| stream tables | one is SUSPENDED or INITIALIZING | one is in ERROR |
| refreshes | the last one of a stream table failed | |
| freshness | staleness is above three times the interval and ten seconds | staleness is above the target lag |
| definition calls | one failed after its COMMIT | |

A connection is told as libpq knows it: `'host=db1 dbname=shop'`,
`postgresql://db1/shop`, or the name of a database. What is left out comes from
`PGHOST` and its like, from `PGSERVICE` and from `~/.pgpass`. A password belongs
there, as the command line is seen by everybody on the machine; the program
shows none.

`source <(pgtricklectl completion bash)`, or `zsh`, has the shell complete commands,
options, their values, and the names of stream tables, which it asks the database
for.

`refresh` returns when the refresh is done. With `--wait` it goes on trying while
something is in the way that passes by itself: a lock, another refresh, a daemon
that is not there.

## Moving snapshots

`copy` streams a snapshot from one database into another, in COPY's binary form,
piece by piece; `export` writes it to a file, and `import` loads that file.

- **Nothing half is seen.** The rows arrive in a table with a name of its own,
  `pgtrickle_partial_…`, in the schema of the target. It gets the snapshot's name
  and comment when all rows are there and were checked.
- **Checked.** The target computes the rows' count and content hash, and both
  must be those in the snapshot's comment. Otherwise what was copied is thrown
  away, and the command fails.
- **Resumable.** Each piece is one transaction at the target, together with how
  far the copy is. After a broken connection the program connects again by itself
  and goes on behind the last piece, waiting longer after each failure
  (`--retries`). After Ctrl-C, kill -9 or a crash the same command does.
  It goes on only with the very same snapshot; `--restart` throws away what
  another one has left. `export` goes on after a broken connection, but a new
  run begins anew.
- **Repeatable.** If the snapshot is there already, its rows are checked again
  and nothing is copied.
- **Registered.** At the end `pgtrickle.adopt_snapshot()` makes the target know
  the snapshot. A target without the extension `pg_trickle` gets the table with
  its comment; its rows are counted there but can't be compared by their hash.
  Once the extension is there, the same command does the rest.

The name at the target is that at the source unless `--as` gives another. Its
schema must exist, and the role must be allowed to create in it; in schema
`pgtrickle` only a superuser is.

Types and collations that the columns have must exist at the target. Where the
binary form of a type is missing, or is a number that means something else in
another cluster (`regclass` and its like), the copy uses COPY's text form.

The role needs SELECT on the snapshot's table, and owns the copy. Row-level
security that would hide rows is an error.

A terminal shows a bar with rate and remaining time; elsewhere a line is written
every five seconds.

## Files

A file is zstd, so `zstd --test FILE` checks it, and
`zstd -dc FILE | sed -n 2p` shows its header:

| Key | What it is |
|---|---|
| `snapshot` | `schema` and `name` of the snapshot's table |
| `columns` | `name`, `type` and, if it is not the type's, `collation` of each column |
| `format` | `binary` or `text`: the form of COPY |
| `comment` | the comment of the snapshot's table, as it was |
| `identity` | tells this file from every other |

Then come records, each of which begins with a letter; numbers have the most
significant byte first.

| Record | Content |
|---|---|
| `D` | length (4 bytes) and as many bytes of COPY's data |
| `P` | rows (8 bytes): the end of a piece, which is one COPY |
| `E` | rows (8 bytes) and pieces (8 bytes): the end of the file |

A file that is cut off, damaged or something else is refused before a table gets
the snapshot's name. It holds the rows for whoever can read it; it is written
for its owner alone.

## Commands
)";

/// A bar would end the table's cell.
std::string cell(const std::string& text) {
  std::string safe;
  for (const char c : text)
    safe += c == '|' ? std::string{"\\|"} : std::string{c};
  return safe;
}

std::string row_of(const option_description& option) {
  const auto type = option.type.empty() ? "" : " " + option.type;
  const auto fallback = option.required ? std::string{"required"}
                        : option.fallback.empty()
                          ? std::string{}
                          : fmt::format("`{}`", option.fallback);
  return fmt::format("| `{}{}` | {} | {} |\n", option.names, cell(type),
                     fallback, cell(option.meaning));
}

} // namespace

std::string render_commands() {
  std::string page{introduction};
  for (const auto& command : command_descriptions()) {
    page += fmt::format("\n### {}\n\n{}\n\n```\n{}\n```\n\n"
                        "| Option | Default | What it does |\n|---|---|---|\n",
                        command.name, command.meaning, command.usage);
    for (const auto& option : command.options)
      page += row_of(option);
  }
  return page;
}

} // namespace pgtrickle::ctl
