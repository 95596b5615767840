// The commands that call the extension's functions.

#include "test/actors/ctl/clusters.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle::test;

TEST_CASE("create tells the name of the snapshot") {
  stage s;
  const auto made
    = run_ctl({"snapshot", "create", "sales", "-d", s.from(), "-f", "tsv"});
  CHECK(made.status == 0);
  CHECK(made.output == "snapshot_table\npgtrickle.snapshot_of_sales\n");
  const auto named = run_ctl({"snapshot", "create", "sales", "--target", "mine",
                              "-d", s.from(), "-f", "tsv"});
  CHECK(named.output == "snapshot_table\nmine\n");
}

TEST_CASE("list shows people what they can use and programs everything") {
  stage s;
  const auto table = run_ctl({"snapshot", "list", "-d", s.from()});
  CHECK(table.status == 0);
  CHECK(table.says("pgtrickle.s"));
  CHECK(table.says("8192 bytes"));
  CHECK(!table.says("frontier"));
  const auto json = run_ctl({"snapshot", "list", "-d", s.from(), "-f", "json"});
  CHECK(json.says(R"("row_count": 12)"));
  CHECK(json.says(R"("snapshot": "1:1:")"));
  const auto none
    = run_ctl({"snapshot", "list", "none", "-d", s.from(), "-f", "json"});
  CHECK(none.output == "[]\n");
}

TEST_CASE("verify fails when the snapshot is damaged") {
  stage s;
  const auto good = run_ctl({"snapshot", "verify", "good", "-d", s.from()});
  CHECK(good.status == 0);
  const auto bad = run_ctl({"snapshot", "verify", "bad", "-d", s.from()});
  CHECK(bad.status == 1);
  CHECK(bad.says("a hash differs"));
  CHECK(bad.says("the rows of bad are not those of the snapshot"));
}

TEST_CASE("what loses rows asks first") {
  stage s;
  const auto refused
    = run_ctl({"snapshot", "restore", "sales", "kept", "-d", s.from()});
  CHECK(refused.status == 2);
  CHECK(refused.says("HINT: Say --yes."));
  CHECK(run_ctl({"snapshot", "drop", "kept", "-d", s.from()}).status == 2);
  const auto done = run_ctl(
    {"snapshot", "restore", "sales", "kept", "--yes", "-d", s.from()});
  CHECK(done.status == 0);
  CHECK(done.says("restored sales from kept"));
  CHECK(done.says("sales is restored from kept"));
}

TEST_CASE("an error keeps its detail and its hint") {
  stage s;
  const auto done
    = run_ctl({"snapshot", "drop", "kept", "--yes", "-d", s.from()});
  CHECK(done.status == 1);
  CHECK(done.output
        == "pgtricklectl: kept is not a snapshot\nDETAIL: details\n"
           "HINT: Hints.\n");
}

TEST_CASE("a database without the extension is named as the reason") {
  stage s{equipment::nothing};
  const auto done = run_ctl({"snapshot", "list", "-d", s.to()});
  CHECK(done.status == 1);
  CHECK(done.says("needs the extension pg_trickle"));
}

TEST_CASE("wrong usage and help have their own exit statuses") {
  CHECK(run_ctl({"snapshot", "copy"}).status == 2);
  CHECK(run_ctl({"snapshot", "list", "--frmat", "json"}).status == 2);
  CHECK(run_ctl({"--help"}).status == 0);
  const auto help = run_ctl({"snapshot", "copy", "--help"});
  CHECK(help.status == 0);
  CHECK(help.says("--piece-blocks"));
  CHECK(run_ctl({"--version"}).says("pgtricklectl "));
}
