#include "services/differential/program_json.hpp"

#include <nlohmann/json.hpp>

namespace pgtrickle {

using nlohmann::json;

namespace {

json column_to_json(const column& x) {
  return {{"type", x.type},
          {"collation", x.collation},
          {"equality", static_cast<int>(x.eq)}};
}

column column_from_json(const json& x) {
  column result;
  result.type = x.at("type");
  result.collation = x.at("collation");
  result.eq = static_cast<equality>(x.at("equality").get<int>());
  return result;
}

} // namespace

std::string to_json(const refresh_program& program) {
  json sources = json::array();
  for (const auto& source : program.sources) {
    json columns = json::array();
    for (const auto& column : source.columns)
      columns.push_back(column_to_json(column));
    sources.push_back({{"table", source.table},
                       {"view", source.view},
                       {"attnums", source.attnums},
                       {"adds_up", source.adds_up},
                       {"columns", columns}});
  }
  return json{{"version", refresh_program::current_version},
              {"immediate", program.immediate},
              {"sources", sources},
              {"staging", program.staging},
              {"create_staging", program.create_staging},
              {"state", program.state},
              {"indexes", program.indexes}}
    .dump();
}

std::optional<refresh_program> program_from_json(const std::string& text) {
  const auto stored = json::parse(text, nullptr, false);
  if (stored.is_discarded()
      || stored.value("version", 0) != refresh_program::current_version)
    return std::nullopt;
  refresh_program program;
  for (const auto& source : stored.at("sources")) {
    source_delta delta{source.at("table"),
                       source.at("view"),
                       source.at("attnums"),
                       {},
                       false,
                       source.value("adds_up", false)};
    for (const auto& column : source.at("columns"))
      delta.columns.push_back(column_from_json(column));
    program.sources.push_back(std::move(delta));
  }
  program.immediate = stored.value("immediate", false);
  program.staging = stored.at("staging");
  program.create_staging = stored.at("create_staging");
  program.state = stored.at("state");
  program.indexes = stored.at("indexes");
  return program;
}

} // namespace pgtrickle
