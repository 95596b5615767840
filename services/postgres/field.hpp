#pragma once

#include <pqxx/field>

#include <optional>

namespace pgtrickle::postgres {

/// The value of `field`; absent: it is null.
template <class T>
[[nodiscard]] std::optional<T> optional_in(const pqxx::field& field) {
  if (field.is_null())
    return std::nullopt;
  return field.as<T>();
}

} // namespace pgtrickle::postgres
