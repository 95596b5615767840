// The completion script in a real bash.

#include "test/scenarios/installation.hpp"
#include "test/support/ctl_process.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle::test;

namespace {

/// What bash offers in the place of the last of `words`.
finished_run completed(const std::string& words,
                       const std::string& environment = {}) {
  return run_shell(environment
                   + "\nsource <(pgtricklectl completion bash)\n"
                     "COMP_WORDS=(pgtricklectl "
                   + words
                   + ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                     "_pgtricklectl\nprintf '%s\\n' \"${COMPREPLY[@]}\"");
}

} // namespace

TEST_CASE("bash completes commands, options and their values") {
  CHECK(completed("sta").output == "status\n");
  CHECK(completed("snapshot re").output == "restore\n");
  CHECK(completed("snapshot ''").says("export\n"));
  CHECK(completed("plan --so").output == "--sort\n");
  CHECK(completed("plan --sort d").output == "delta\n");
  CHECK(completed("status --output j").output == "json\n");
  CHECK(completed("snapshot list -f t").output == "table\ntsv\n");
  CHECK(completed("completion ''").output == "bash\nzsh\n");
  CHECK(completed("create --mode IM").output == "IMMEDIATE\n");
  CHECK(completed("snapshot export x -o ''").output == "\n");
}

TEST_CASE("the scripts are ones that a shell can read") {
  CHECK(run_shell("pgtricklectl completion bash | bash -n").output.empty());
  // What both scripts have in common, in the plain shell that zsh emulates.
  const auto listed = run_shell(
    "script=$(pgtricklectl completion zsh | sed -n"
    " '/^_pgtricklectl_candidates/,/^}/p' | sed 's/emulate -L sh/:/')\n"
    "dash -c \"$script\"'\n_pgtricklectl_candidates \"\" plan --sort'");
  CHECK(listed.output == "delta\nconfidence\nname\n");
  CHECK(run_shell("pgtricklectl completion zsh").says("#compdef pgtricklectl"));
  CHECK(run_shell("pgtricklectl completion fish").status == 2);
}

TEST_CASE("bash completes names of stream tables and runs none of them") {
  scenario s;
  must(s.db, "CREATE TABLE a (i int)");
  must(s.db, "SELECT pgtrickle.create_stream_table('plain', 'SELECT i FROM a',"
             " '1h')");
  must(s.db, "SELECT pgtrickle.create_stream_table('\"x $(touch pwned)`id`\"',"
             " 'SELECT i FROM a', '1h')");
  const private_directory dir;
  const auto environment = "cd " + dir.path().string()
                           + "; export PGHOST=" + s.all.postgres.socket_dir()
                           + " PGPORT=" + std::to_string(s.all.postgres.port())
                           + " PGUSER=alice PGDATABASE=app";
  CHECK(completed("show " + s.schema + ".p", environment).output
        == s.schema + ".plain\n");
  const auto hostile = completed("refresh " + s.schema, environment);
  CHECK(hostile.says("touch"));
  CHECK(!std::filesystem::exists(dir.path() / "pwned"));
  // What is offered is quoted: as typed, it is the name.
  const auto typed = run_shell(
    environment
    + "\nsource <(pgtricklectl completion bash)\nCOMP_WORDS=(pgtricklectl "
      "refresh "
    + s.schema
    + ".\\\"x)\nCOMP_CWORD=2\n_pgtricklectl\neval \"printf '%s\\n' "
      "${COMPREPLY[0]}\"");
  CHECK(typed.output == s.schema + ".\"x $(touch pwned)`id`\"\n");
  CHECK(!std::filesystem::exists(dir.path() / "pwned"));
}
