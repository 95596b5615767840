#include "actors/ctl/definition_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

namespace pgtrickle::ctl {

namespace {

constexpr std::string_view standard_input = "-";

result<postgres::text_value> contents(const std::string& file) {
  std::ostringstream text;
  if (file == standard_input) {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream from{file};
  if (!from)
    return fail(errc::invalid_argument,
                fmt::format("{}: {}", file, std::strerror(errno)),
                "Name a file with the query, or - for standard input.");
  text << from.rdbuf();
  return text.str();
}

} // namespace

void add_query_options(CLI::App& command, query_options& options,
                       bool is_required) {
  if (is_required)
    command.add_option("query", options.query, "The defining query.")
      ->type_name("QUERY");
  else
    command.add_option("--query", options.query, "Gives it another query.")
      ->type_name("QUERY");
  command
    .add_option("--file", options.file,
                "Reads the query from a file; - is standard input.")
    ->type_name("FILE");
}

void add_mode_option(CLI::App& command, std::string& mode) {
  command.add_option("--mode", mode, "Says how it is refreshed.")
    ->transform(CLI::IsMember({"AUTO", "DIFFERENTIAL", "FULL", "IMMEDIATE"},
                              CLI::ignore_case))
    ->type_name("MODE")
    ->capture_default_str();
}

result<postgres::text_value> query_of(const query_options& options) {
  if (!options.query.empty() && !options.file.empty())
    return fail(errc::invalid_argument, "there are two queries",
                "Give either the query or --file.");
  if (!options.file.empty())
    return contents(options.file);
  return options.query.empty() ? postgres::text_value{} : options.query;
}

} // namespace pgtrickle::ctl
