// docs/SQL_REFERENCE.md against the installed extension. Under `## Functions` a
// function has a heading `### name`, and below it its signature as the first
// block of SQL.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "test/support/private_postgres.hpp"

#include <doctest/doctest.h>
#include <pqxx/pqxx>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

using namespace pgtrickle;

namespace {

/// The words of `text`, one blank between them and none inside parentheses.
std::string one_line(const std::string& text) {
  std::istringstream words{text};
  std::string line;
  for (std::string word; words >> word;) {
    const bool glued = line.empty() || line.back() == '(' || word[0] == ')';
    line += (glued ? "" : " ") + word;
  }
  return line;
}

/// Signatures of the page, each after its heading: "name: signature".
std::set<std::string> documented() {
  std::ifstream page{SQL_REFERENCE};
  std::set<std::string> signatures;
  std::string heading;
  std::string signature;
  bool in_functions = false;
  bool in_block = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## "))
      in_functions = line == "## Functions";
    if (in_functions && line.starts_with("### ")) {
      if (!heading.empty())
        signatures.insert(heading + ": no signature");
      heading = line.substr(4);
    } else if (!heading.empty() && line == "```sql") {
      in_block = true;
      signature.clear();
    } else if (in_block && line == "```") {
      signatures.insert(heading + ": " + one_line(signature));
      heading.clear();
      in_block = false;
    } else if (in_block) {
      signature += line + '\n';
    }
  }
  return signatures;
}

/// Signatures of the functions that everybody, or whoever monitors, may call; a
/// leading underscore marks what they are made of.
std::set<std::string> installed() {
  const test::private_postgres server;
  pqxx::connection db{server.conninfo()};
  pqxx::nontransaction tx{db};
  tx.exec("CREATE EXTENSION pg_trickle");
  std::set<std::string> signatures;
  for (const auto& row : tx.exec(
         "SELECT proname, format('pgtrickle.%s(%s) RETURNS %s', proname,"
         "  pg_get_function_arguments(p.oid), pg_get_function_result(p.oid))"
         " FROM pg_proc p WHERE pronamespace = 'pgtrickle'::regnamespace"
         " AND NOT starts_with(proname, '_')"
         " AND EXISTS (SELECT FROM aclexplode(coalesce(proacl,"
         "  acldefault('f', proowner))) WHERE grantee = 0"
         "  OR grantee = 'pg_monitor'::regrole)"))
    signatures.insert(row[0].as<std::string>() + ": "
                      + one_line(row[1].as<std::string>()));
  return signatures;
}

} // namespace

TEST_CASE("the SQL reference has the functions of the installed extension") {
  const auto page = documented();
  const auto extension = installed();
  for (const auto& signature : extension)
    CHECK_MESSAGE(page.contains(signature), "not in the page: " << signature);
  for (const auto& signature : page)
    CHECK_MESSAGE(extension.contains(signature),
                  "only in the page: " << signature);
}
