// Pages for those who begin: every command is run as it stands there, one after
// the other as in one shell, in a cluster of deploy/dev.

#include "test/support/contents.hpp"
#include "test/support/ctl_process.hpp"
#include "test/support/page.hpp"
#include "test/support/private_directory.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace pgtrickle::test {

namespace {

/// A shell in the root of the checkout that remembers its exports from command
/// to command. It stops the cluster at its end.
class shell {
public:
  shell() = default;
  shell(const shell&) = delete;
  shell& operator=(const shell&) = delete;
  ~shell() { run("deploy/dev down --wipe"); }

  finished_run run(const std::string& command) {
    return run_shell(
      "cd " CHECKOUT "; export PGTRICKLE_PRESET=" PRESET " PGTRICKLE_DEV="
      + cluster_.string() + "; [[ ! -e " + exports_.string() + " ]] || . "
      + exports_.string() + "; exec 2>" + errors_.string() + "; set -e\n"
      + command + "\nexport -p >" + exports_.string());
  }

  [[nodiscard]] std::string errors() const { return contents(errors_); }

private:
  private_directory dir_;
  std::filesystem::path cluster_ = dir_.path() / "dev";
  std::filesystem::path exports_ = dir_.path() / "exports";
  std::filesystem::path errors_ = dir_.path() / "errors";
};

/// As a user would type it.
std::string command_of(const page_example& example) {
  if (example.language == "sh")
    return example.statement;
  return "psql -XAtq -v ON_ERROR_STOP=1 <<'PAGE'\n" + example.statement
         + "PAGE\n";
}

void run_page(const std::string& page, const std::string& under,
              std::size_t at_least) {
  const auto examples = examples_in(blocks_of(page, under));
  REQUIRE(examples.size() >= at_least);
  shell user;
  for (const auto& one : examples) {
    const auto done = user.run(command_of(one));
    REQUIRE_MESSAGE(done.status == 0,
                    one.statement << done.output << user.errors());
    if (one.expected.empty())
      continue;
    const auto first = done.output.substr(
      0, done.output.find_first_of(one.language == "sql" ? "|\n" : "\n"));
    CHECK_MESSAGE(first == one.expected, one.statement << done.output);
  }
}

} // namespace

TEST_CASE("the first ten minutes go as their page says") {
  run_page(CHECKOUT "/docs/GETTING_STARTED.md", "", 30);
}

TEST_CASE("the quick start of the README works") {
  run_page(CHECKOUT "/README.md", "## Quick start", 3);
}

} // namespace pgtrickle::test
