#pragma once

#include "services/core/result.hpp"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgtrickle::config {

/// The settings `pg_trickle.*` of one database, as sql/settings.def declares
/// them for PostgreSQL too.
struct settings {
#define SETTING_BOOL(name, value, context, flags, description)                 \
  bool name = value;
#define SETTING_INT(name, value, least, greatest, context, flags, description) \
  int name = value;
#define SETTING_REAL(name, value, least, greatest, context, flags,             \
                     description)                                              \
  double name = value;
#define SETTING_STRING(name, value, context, flags, description)               \
  std::string name = value;
#include "sql/settings.def"

  bool operator==(const settings&) const = default;
};

struct setting_description {
  /// With its prefix.
  std::string name;
  std::string_view type;
  std::string_view default_text;
  /// Empty: any value.
  std::string range;
  /// Empty: none.
  std::string_view unit;
  std::string_view description;
};

/// Every setting, in the order of its declaration.
[[nodiscard]] std::span<const setting_description> setting_descriptions();

/// Names with their values as PostgreSQL shows them.
using setting_texts = std::vector<std::pair<std::string, std::string>>;

/// Fills `s` from `texts`, and returns what was wrong with those that it left
/// as they were. Settings that this daemon does not know are passed over.
[[nodiscard]] std::vector<failure> read_settings(settings& s,
                                                 const setting_texts& texts);

} // namespace pgtrickle::config
