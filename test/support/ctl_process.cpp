#include "test/support/ctl_process.hpp"

#include "test/support/contents.hpp"

#include <csignal>

namespace pgtrickle::test {

namespace {

std::vector<std::string>
with_program(const std::vector<std::string>& arguments) {
  std::vector<std::string> command{PGTRICKLECTL};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

} // namespace

running_ctl::running_ctl(const std::vector<std::string>& arguments)
  : process_(with_program(arguments), dir_.path() / "output", SIGKILL) {}

std::string running_ctl::output() const {
  return contents(dir_.path() / "output");
}

finished_run running_ctl::finish() {
  const auto status = process_.wait();
  return {status, output()};
}

finished_run run_ctl(const std::vector<std::string>& arguments) {
  return running_ctl{arguments}.finish();
}

finished_run run_shell(const std::string& script) {
  const private_directory dir;
  const auto folder = std::filesystem::path{PGTRICKLECTL}.parent_path();
  child_process shell{
    {"bash", "-c", "PATH=" + folder.string() + ":$PATH\n" + script},
    dir.path() / "output",
    SIGKILL};
  const auto status = shell.wait();
  return {status, contents(dir.path() / "output")};
}

} // namespace pgtrickle::test
