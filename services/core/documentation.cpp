#include "services/core/documentation.hpp"

#include "services/core/error.hpp"

#include <initializer_list>

namespace pgtrickle {

namespace {

constexpr std::string_view errors_introduction
  = R"(<!-- Rendered from services/core/errors.def:
     cmake --build --preset dev --target docs -->
# Errors

An error reaches SQL with its SQLSTATE, a message that names the object, and
mostly a HINT that says what to do. `psql` shows the SQLSTATE after
`\set VERBOSITY verbose`.

Where PostgreSQL itself refuses a query or a statement of a refresh, the error
keeps PostgreSQL's own SQLSTATE: an unknown table is 42P01, an unknown column
42703, a division by zero 22012. The daemon then files it under the name below
that fits.

The name is what the daemon's log says.

## Errors of the daemon

| Name | SQLSTATE | Reaction | What it means | What to do |
|---|---|---|---|---|
)";

constexpr std::string_view reactions_and_extension = R"(
## Reactions

| Reaction | What the daemon does | What a caller should do |
|---|---|---|
| reject | It gives up. In a refresh the error counts: after `pg_trickle.max_consecutive_errors` of them in a row the stream table gets the status ERROR. | Change what the error names. The same call fails again. |
| rebuild | As for reject; the stream table has to be defined anew before it can go on. | Follow the hint. |
| retry | It tries a refresh again later. The error does not count. | Repeat the call. |
| halt | It stops what it does in this database and starts afresh. | Repeat the call. If the error returns, report it. |

## Errors of the extension

The extension raises these itself, without the daemon.

| SQLSTATE | When | What to do |
|---|---|---|
| 08001 | No daemon serves the database, or NATS cannot be reached. | Start what the hint names. |
| 08006 | The daemon, or NATS, fell silent during the call. | See whether the call had an effect, then repeat it. |
| 08P01 | A reply makes no sense. | Compare `pgtrickle.version()` with `pgtrickled --version`. |
| 22004 | An argument is null that must not be. | Give a value. |
| 22023 | An argument is of the wrong type. | Correct it. |
| 25001 | `refresh_stream_table` was called inside a transaction block, or after its transaction had written. | Commit first, then call it on its own. |
| 25006 | A definition call or a refresh was called in a read-only transaction or on a standby. | Call on the primary, in a transaction that may write. |
| 42501 | The caller may not execute the function; or, inside a transaction block, does not own the stream table or may not create in the schema. | Grant what the message names. |
| 42601 | Inside a transaction block: the defining query is not one SELECT. | Give one SELECT. |
| 42883 | `_relay` was called with a method that does not exist. | Use the functions in [the SQL reference](SQL_REFERENCE.md). |
| 42P01 | Inside a transaction block, or to a function that reads the catalog: no stream table has that name. | Check the name and the search_path. |
| 42P07 | Inside a transaction block: the name is taken. | Choose another name. |
| 42P16 | Inside a transaction block: a stream table cannot be temporary. | Name another schema. |
| 54000 | The defining query is longer than 1 MB, or arguments or result of a call are too large. | Put parts of the query into views. |
| 55000 | INSERT, UPDATE, DELETE or TRUNCATE on a stream table. | Change the tables that its query reads. |
| 57014 | The call was cancelled, or took longer than `statement_timeout` or `pg_trickle.call_timeout`. | Allow more time. |
)";

/// A row of a table, and a line break.
std::string row_of(std::initializer_list<std::string_view> cells) {
  std::string row = "|";
  for (const auto cell : cells) {
    row += ' ';
    row += cell;
    row += " |";
  }
  return row + '\n';
}

std::string code(std::string_view text) {
  return "`" + std::string{text} + "`";
}

} // namespace

std::string render_errors() {
  std::string text{errors_introduction};
  for (const auto& error : error_descriptions())
    text += row_of({code(error.name), error.sqlstate,
                    to_string(error.what_next), error.meaning, error.remedy});
  text += reactions_and_extension;
  return text;
}

} // namespace pgtrickle
