#pragma once

#include "services/core/result.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgtrickle {

/// The arguments of a call: one JSON object. What is wrong with those that
/// were read is remembered, and comes out at the end: `checked`.
class call_arguments {
public:
  explicit call_arguments(const std::string& text);

  /// A text that must be there.
  [[nodiscard]] std::string text(std::string_view name);

  /// A text, or null.
  [[nodiscard]] std::optional<std::string> optional_text(std::string_view name);

  /// An integer, or null.
  [[nodiscard]] std::optional<std::int64_t>
  optional_number(std::string_view name);

  /// An integer that must be there.
  [[nodiscard]] std::int64_t number(std::string_view name);

  /// A boolean; absent: `otherwise`.
  [[nodiscard]] bool flag(std::string_view name, bool otherwise);

  /// `value`, unless an argument was wrong. Error: invalid_argument.
  template <class T>
  [[nodiscard]] result<T> checked(T value) const {
    if (wrong_)
      return tl::unexpected(*wrong_);
    return value;
  }

private:
  void remember(std::string message);
  void mismatch(std::string_view name, std::string_view expected,
                const nlohmann::json& value);

  nlohmann::json values_;
  /// The first that was found.
  std::optional<failure> wrong_;
};

} // namespace pgtrickle
