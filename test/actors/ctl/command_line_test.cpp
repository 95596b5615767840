#include "actors/ctl/program.hpp"

#include <CLI/CLI.hpp>
#include <doctest/doctest.h>

using namespace pgtrickle::ctl;

namespace {

/// Whether the command line is taken, and asks for something.
bool is_taken(const std::string& line) {
  invocation chosen;
  const auto app = command_line(chosen);
  try {
    app->parse(line);
  } catch (const CLI::ParseError&) {
    return false;
  }
  return chosen.run != nullptr;
}

void check_help(const CLI::App& command) {
  INFO("command " << command.get_name());
  const auto text = command.help();
  CHECK(!command.get_description().empty());
  for (const auto* option : command.get_options()) {
    CHECK_MESSAGE(!option->get_description().empty(), option->get_name());
    CHECK_MESSAGE(text.find(option->get_name(option->get_positional()))
                    != std::string::npos,
                  option->get_name());
  }
  for (const auto* subcommand :
       command.get_subcommands([](const CLI::App*) { return true; }))
    check_help(*subcommand);
}

} // namespace

TEST_CASE("every command and every option is described") {
  invocation unused;
  check_help(*command_line(unused));
}

TEST_CASE("each command takes what it needs and no less") {
  for (const auto* line : {"status",
                           "list -o json",
                           "list --output tsv",
                           "show t",
                           "top",
                           "create t q",
                           "create t --file - --mode full --no-fill",
                           "alter t",
                           "alter t --schedule 5s --target-lag none",
                           "drop t --cascade -y",
                           "refresh t u --wait",
                           "pause t u",
                           "resume t",
                           "plan",
                           "plan t --sort name",
                           "forecast t --horizon 2h",
                           "alerts -f -n 5",
                           "cluster",
                           "workers",
                           "drain n",
                           "undrain n",
                           "doctor --patience 1h",
                           "completion bash",
                           "completion zsh"})
    CHECK_MESSAGE(is_taken(line), line);
  for (const auto* line :
       {"show", "create", "create t q --mode fast", "drop", "refresh", "pause",
        "plan --sort size", "forecast", "alerts -n x", "drain", "completion",
        "completion fish", "top --interval 0", "status more"})
    CHECK_MESSAGE(!is_taken(line), line);
  CHECK(is_taken("snapshot create orders"));
  CHECK(is_taken("snapshot create orders --target kept -d shop"));
  CHECK(is_taken("snapshot list"));
  CHECK(is_taken("snapshot list orders -f json"));
  CHECK(is_taken("snapshot verify s"));
  CHECK(is_taken("snapshot restore orders s --yes"));
  CHECK(is_taken("snapshot drop s -y"));
  CHECK(is_taken("snapshot copy s --from a --to b --as c.d --restart"));
  CHECK(is_taken("snapshot export s --from a -o -"));
  CHECK(is_taken("snapshot import f --to b --retries 0"));
  CHECK(!is_taken(""));
  CHECK(!is_taken("snapshot"));
  CHECK(!is_taken("snapshot create"));
  CHECK(!is_taken("snapshot restore orders"));
  CHECK(!is_taken("snapshot copy s --from a"));
  CHECK(!is_taken("snapshot copy s --from a --to b --piece-blocks 0"));
  CHECK(!is_taken("snapshot export s"));
  CHECK(!is_taken("snapshot list -f yaml"));
  CHECK(!is_taken("snapshot erase s"));
}
