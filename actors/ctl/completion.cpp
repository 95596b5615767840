#include "actors/ctl/commands.hpp"
#include "actors/ctl/completion_script.hpp"
#include "actors/ctl/program.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace pgtrickle::ctl {

void add_completion(CLI::App& parent, invocation& chosen) {
  auto shell = std::make_shared<std::string>();
  auto& command = *parent.add_subcommand(
    "completion",
    "Prints what a shell completes commands by: source <(pgtricklectl "
    "completion bash).");
  command.add_option("shell", *shell, "The shell.")
    ->required()
    ->check(CLI::IsMember({"bash", "zsh"}))
    ->type_name("SHELL");
  command.callback([shell, &chosen] {
    chosen.run = [shell](console& c) -> result<void> {
      invocation unused;
      const auto app = command_line(unused);
      c.result_text(*shell == "bash" ? bash_completion(*app)
                                     : zsh_completion(*app));
      return {};
    };
  });
}

} // namespace pgtrickle::ctl
