#include "actors/ctl/command_descriptions.hpp"

#include "actors/ctl/program.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace pgtrickle::ctl {

namespace {

std::string usage_of(const CLI::App& command, const std::string& name) {
  auto text = name;
  for (const auto* option : command.get_options())
    if (option->get_positional())
      text += option->get_required()
                ? fmt::format(" {}", option->get_name(true))
                : fmt::format(" [{}]", option->get_name(true));
    else if (option->get_required())
      text
        += fmt::format(" {} {}", option->get_name(), option->get_type_name());
  return text + " [options]";
}

option_description description_of(const CLI::Option& option) {
  const bool positional = option.get_positional();
  option_description described;
  described.names
    = positional ? option.get_name(true) : option.get_name(false, true);
  if (!positional && option.get_items_expected() != 0)
    described.type = option.get_type_name();
  described.fallback = option.get_default_str();
  described.required = option.get_required();
  described.meaning = option.get_description();
  return described;
}

void describe(std::vector<command_description>& all, const CLI::App& command,
              const std::string& name) {
  const auto subcommands
    = command.get_subcommands([](const CLI::App*) { return true; });
  for (const auto* subcommand : subcommands)
    describe(all, *subcommand, name + " " + subcommand->get_name());
  if (!subcommands.empty())
    return;
  auto& described = all.emplace_back(command_description{
    name, usage_of(command, name), command.get_description(), {}});
  for (const auto* option : command.get_options())
    described.options.push_back(description_of(*option));
}

} // namespace

std::vector<command_description> command_descriptions() {
  invocation unused;
  const auto app = command_line(unused);
  std::vector<command_description> all;
  describe(all, *app, app->get_name());
  return all;
}

} // namespace pgtrickle::ctl
