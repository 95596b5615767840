#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace pgtrickle::snapshot_transfer {

/// The object that `text` is; nothing if it is none.
[[nodiscard]] inline std::optional<nlohmann::json>
object_in(const std::string& text) {
  auto read = nlohmann::json::parse(text, nullptr, false);
  return read.is_object() ? std::optional{std::move(read)} : std::nullopt;
}

/// The member if it is a string.
[[nodiscard]] inline std::optional<std::string>
string_member(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string())
    return std::nullopt;
  return found->get<std::string>();
}

/// The member if it is a whole number.
[[nodiscard]] inline std::optional<std::int64_t>
integer_member(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer())
    return std::nullopt;
  return found->get<std::int64_t>();
}

} // namespace pgtrickle::snapshot_transfer
