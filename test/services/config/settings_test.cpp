#include "services/config/settings.hpp"

#include "services/config/documentation.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;
using namespace pgtrickle::config;

TEST_CASE("settings have their defaults until they are read") {
  const settings s;
  CHECK(s.enabled);
  CHECK(s.min_schedule_seconds == 1);
  CHECK(s.differential_max_change_ratio == 0.15);
}

TEST_CASE("settings are read as PostgreSQL shows them") {
  settings s;
  CHECK(read_settings(s, {{"pg_trickle.enabled", "off"},
                          {"pg_trickle.scheduler_interval_ms", "250"},
                          {"pg_trickle.differential_max_change_ratio", "0.5"},
                          {"pg_trickle.nats_url", "nats://bus:4222"}})
          .empty());
  CHECK(!s.enabled);
  CHECK(s.scheduler_interval_ms == 250);
  CHECK(s.differential_max_change_ratio == 0.5);
  CHECK(s.nats_url == "nats://bus:4222");
}

TEST_CASE("a time may have a unit of its own") {
  settings s;
  CHECK(read_settings(s, {{"pg_trickle.scheduler_interval_ms", "5s"},
                          {"pg_trickle.min_schedule_seconds", "2 min"},
                          {"pg_trickle.default_schedule_seconds", "1h"}})
          .empty());
  CHECK(s.scheduler_interval_ms == 5000);
  CHECK(s.min_schedule_seconds == 120);
  CHECK(s.default_schedule_seconds == 3600);
}

TEST_CASE("a setting with a wrong value stays as it was and is reported") {
  const std::vector<std::pair<std::string, std::string>> wrong{
    {"pg_trickle.enabled", "maybe"},
    {"pg_trickle.scheduler_interval_ms", "99"},
    {"pg_trickle.scheduler_interval_ms", "600001"},
    {"pg_trickle.scheduler_interval_ms", "soon"},
    {"pg_trickle.scheduler_interval_ms", "1 parsec"},
    {"pg_trickle.scheduler_interval_ms", ""},
    {"pg_trickle.max_concurrent_refreshes", "4s"},
    {"pg_trickle.differential_max_change_ratio", "nan"},
    {"pg_trickle.differential_max_change_ratio", "1.01"}};
  for (const auto& [name, text] : wrong) {
    CAPTURE(name);
    CAPTURE(text);
    settings s;
    const auto problems = read_settings(s, {{name, text}});
    REQUIRE(problems.size() == 1);
    CHECK(problems.front().code == errc::invalid_argument);
    CHECK(problems.front().message
          == "setting " + name + " is \"" + text + "\"");
    CHECK(problems.front().hint.ends_with('.'));
    CHECK(s == settings{});
  }
}

TEST_CASE("a wrong setting does not keep the others from being read") {
  settings s;
  CHECK(read_settings(s, {{"pg_trickle.scheduler_interval_ms", "x"},
                          {"pg_trickle.max_consecutive_errors", "7"}})
          .size()
        == 1);
  CHECK(s.max_consecutive_errors == 7);
}

TEST_CASE("settings that are not ours are passed over") {
  settings s;
  CHECK(read_settings(
          s, {{"work_mem", "4MB"}, {"pg_trickle.of_a_later_version", "on"}})
          .empty());
  CHECK(s == settings{});
}

TEST_CASE("every setting is described by a sentence") {
  CHECK(setting_descriptions().size() >= 10);
  for (const auto& s : setting_descriptions()) {
    CAPTURE(s.name);
    CHECK(s.name.starts_with("pg_trickle."));
    CHECK(s.description.ends_with('.'));
  }
}

TEST_CASE("the rendered configuration has a row for options and settings") {
  const auto text = render_markdown();
  CHECK(text.find("| `--http` | `127.0.0.1:10027` | `PGTRICKLE_HTTP_LISTEN` |")
        != std::string::npos);
  CHECK(text.find("| `pg_trickle.scheduler_interval_ms` | integer, ms | `1000` "
                  "| 100 to 600000 |")
        != std::string::npos);
  CHECK(text.find("| `pg_trickle.enabled` | boolean | `on` |  |")
        != std::string::npos);
}
