#pragma once

#include <string>
#include <vector>

namespace pgtrickle::ctl {

/// An option, or an argument without a name.
struct option_description {
  /// As they are typed, with commas between: "-d,--dbname".
  std::string names;
  /// What the value is, as "FORMAT:{table,json}"; empty: it has none.
  std::string type;
  /// The default, if there is one.
  std::string fallback;
  bool required = false;
  std::string meaning;
};

struct command_description {
  /// The whole one, as it is typed.
  std::string name;
  std::string usage;
  std::string meaning;
  std::vector<option_description> options;
};

/// Every command that does something, in the order of --help.
[[nodiscard]] std::vector<command_description> command_descriptions();

} // namespace pgtrickle::ctl
