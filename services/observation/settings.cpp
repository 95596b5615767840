#include "services/observation/settings.hpp"

#include <fmt/format.h>

namespace pgtrickle::observation {

namespace {

// The extension's library may not be loaded: then a setting is what ALTER
// DATABASE or ALTER SYSTEM says of it, and unknown otherwise.
std::string query() {
  std::string values;
  for (const auto& setting : config::setting_descriptions())
    values += fmt::format("{}('{}')", values.empty() ? "" : ", ", setting.name);
  return fmt::format("SELECT name, current_setting(name, true)"
                     " FROM (VALUES {}) AS s (name)"
                     " WHERE current_setting(name, true) IS NOT NULL",
                     values);
}

} // namespace

result<config::settings> read_settings(postgres::session& db) {
  return db.exec(query()).map([](const pqxx::result& rows) {
    config::setting_texts texts;
    for (const auto& row : rows)
      texts.emplace_back(row[0].as<std::string>(), row[1].as<std::string>());
    config::settings read;
    static_cast<void>(config::read_settings(read, texts));
    return read;
  });
}

} // namespace pgtrickle::observation
