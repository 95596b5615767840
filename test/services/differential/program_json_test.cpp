#include "services/differential/program_json.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace pgtrickle;

namespace {

refresh_program example() {
  refresh_program program;
  program.immediate = true;
  program.sources.push_back(
    {.table = 4'000'000'000,
     .view = "pgtrickle_state.source_7_4",
     .attnums = {1, 4},
     .columns = {{.type = "text", .collation = R"("C")", .eq = equality::exact},
                 {.type = "json"}}});
  program.sources.push_back({200, {}, {}, {}});
  program.staging = {"pg_temp.pgt_7_1_source"};
  program.create_staging = {R"(CREATE TEMP TABLE x (c1 text COLLATE "C"))"};
  program.state = {"pgtrickle_state.groups_7_2"};
  program.create_state = {"CREATE TABLE pgtrickle_state.groups_7_2 ()"};
  program.indexes = {"CREATE UNIQUE INDEX ON t (a)"};
  program.function_body = "BEGIN END";
  return program;
}

} // namespace

TEST_CASE("a stored program has all that a refresh needs") {
  const auto program = example();
  const auto stored = program_from_json(to_json(program));
  REQUIRE(stored);
  REQUIRE(stored->sources.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(stored->sources[i].table == program.sources[i].table);
    CHECK(stored->sources[i].view == program.sources[i].view);
    CHECK(stored->sources[i].attnums == program.sources[i].attnums);
    CHECK(stored->sources[i].columns == program.sources[i].columns);
  }
  CHECK(stored->immediate == program.immediate);
  CHECK(stored->staging == program.staging);
  CHECK(stored->create_staging == program.create_staging);
  CHECK(stored->state == program.state);
  CHECK(stored->indexes == program.indexes);
}

TEST_CASE("what only the creation of a stream table needs is not stored") {
  const auto stored = program_from_json(to_json(example()));
  REQUIRE(stored);
  CHECK(stored->create_state.empty());
  CHECK(stored->function_body.empty());
}

TEST_CASE("a program of another version is compiled again") {
  auto other = nlohmann::json::parse(to_json(example()));
  other["version"] = refresh_program::current_version + 1;
  CHECK_FALSE(program_from_json(other.dump()));
  other.erase("version");
  CHECK_FALSE(program_from_json(other.dump()));
}

TEST_CASE("text that is no program is compiled again") {
  CHECK_FALSE(program_from_json(""));
  CHECK_FALSE(program_from_json("not json"));
}
