// pgtricklectl: the command line of those who run pgtrickle.

#include "actors/ctl/program.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>

namespace {

constexpr int wrong_usage = 2;

int status_of(const pgtrickle::failure& reason, int signal) {
  if (signal != 0)
    return 128 + signal;
  return reason.code == pgtrickle::errc::invalid_argument ? wrong_usage
                                                          : EXIT_FAILURE;
}

} // namespace

int main(int argc, char** argv) {
  using namespace pgtrickle;
  ctl::invocation chosen;
  const auto app = ctl::command_line(chosen);
  try {
    app->parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app->exit(e) == 0 ? EXIT_SUCCESS : wrong_usage;
  }
  ctl::console console;
  const auto done = chosen.run(console);
  if (done)
    return console.exit_status();
  console.error(done.error());
  return status_of(done.error(), console.interrupt().signal());
}
