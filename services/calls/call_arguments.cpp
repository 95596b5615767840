#include "services/calls/call_arguments.hpp"

#include <fmt/format.h>

namespace pgtrickle {

call_arguments::call_arguments(const std::string& text)
  : values_(nlohmann::json::parse(text, nullptr, false)) {
  if (values_.is_object())
    return;
  values_ = nlohmann::json::object();
  remember("arguments of a call must be one JSON object");
}

std::string call_arguments::text(std::string_view name) {
  auto value = optional_text(name);
  if (!value)
    remember(fmt::format("argument {} must not be null", name));
  return std::move(value).value_or("");
}

std::optional<std::string>
call_arguments::optional_text(std::string_view name) {
  const auto found = values_.find(name);
  if (found == values_.end() || found->is_null())
    return std::nullopt;
  if (found->is_string())
    return found->get<std::string>();
  mismatch(name, "a text", *found);
  return std::nullopt;
}

std::optional<std::int64_t>
call_arguments::optional_number(std::string_view name) {
  const auto found = values_.find(name);
  if (found == values_.end() || found->is_null())
    return std::nullopt;
  if (found->is_number_integer())
    return found->get<std::int64_t>();
  mismatch(name, "an integer", *found);
  return std::nullopt;
}

std::int64_t call_arguments::number(std::string_view name) {
  const auto value = optional_number(name);
  if (!value)
    remember(fmt::format("argument {} must not be null", name));
  return value.value_or(0);
}

bool call_arguments::flag(std::string_view name, bool otherwise) {
  const auto found = values_.find(name);
  if (found == values_.end())
    return otherwise;
  if (found->is_boolean())
    return found->get<bool>();
  mismatch(name, "a boolean", *found);
  return otherwise;
}

void call_arguments::remember(std::string message) {
  if (!wrong_)
    wrong_ = failure{errc::invalid_argument, std::move(message)};
}

void call_arguments::mismatch(std::string_view name, std::string_view expected,
                              const nlohmann::json& value) {
  remember(fmt::format("argument {} must be {}, not {}", name, expected,
                       value.type_name()));
}

} // namespace pgtrickle
