#include "actors/ctl/completion_script.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace pgtrickle::ctl {

namespace {

std::vector<const CLI::App*> subcommands_of(const CLI::App& command) {
  return command.get_subcommands([](const CLI::App*) { return true; });
}

/// "json tsv" of a type name "FORMAT:{json,tsv}"; empty: anything goes.
std::string values_of(const CLI::Option& option) {
  const auto type = option.get_type_name();
  const auto begin = type.find('{');
  const auto end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos)
    return {};
  auto values = type.substr(begin + 1, end - begin - 1);
  std::replace(values.begin(), values.end(), ',', ' ');
  return values;
}

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const auto& name : option.get_snames())
    names.push_back("-" + name);
  for (const auto& name : option.get_lnames())
    names.push_back("--" + name);
  return names;
}

/// Whether a stream table is what `command` is about.
bool takes_stream_table(const CLI::App& command) {
  return command.get_option_no_throw("stream-table") != nullptr;
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

/// The branches of the shell's `case` statements.
struct branches {
  /// Whole commands, as " snapshot create".
  std::vector<std::string> paths;
  /// By command: what may follow.
  std::string words;
  /// By command and the option before: its values.
  std::string values;
};

void add(branches& all, const CLI::App& command, const std::string& path) {
  std::vector<std::string> subcommands;
  std::vector<std::string> options;
  for (const auto* option : command.get_options()) {
    if (option->get_positional())
      continue;
    const auto names = names_of(*option);
    options.insert(options.end(), names.begin(), names.end());
    if (option->get_items_expected() == 0)
      continue;
    std::vector<std::string> patterns;
    for (const auto& name : names)
      patterns.push_back(fmt::format("'{} {}'", path, name));
    all.values += fmt::format("    {}) words='{}' ;;\n",
                              fmt::join(patterns, " | "), values_of(*option));
  }
  for (const auto* subcommand : subcommands_of(command)) {
    subcommands.push_back(subcommand->get_name());
    all.paths.push_back(fmt::format("'{} {}'", path, subcommand->get_name()));
    add(all, *subcommand, path + " " + subcommand->get_name());
  }
  // A word out of a few, as of completion itself.
  for (const auto* option : command.get_options())
    if (option->get_positional() && !values_of(*option).empty())
      subcommands.push_back(values_of(*option));
  all.words += fmt::format("      '{}') words='{}' options='{}'{} ;;\n", path,
                           joined(subcommands), joined(options),
                           takes_stream_table(command) ? " tables=1" : "");
}

/// Prints what may stand in the place of $1 behind the words $2 …, a line each;
/// more than what fits. Names out of the database are printed, never evaluated.
constexpr auto candidates = R"sh(_pgtricklectl_candidates() {{
  {}local current="$1" path='' previous='' words='' options='' tables='' database='' word
  shift
  for word in "$@"; do
    case "$path $word" in
      {}) path="$path $word" ;;
    esac
    case "$previous" in -d | --dbname) database="$word" ;; esac
    previous="$word"
  done
  case "$path $previous" in
{}    *) case "$path" in
{}    esac ;;
  esac
  case "$current" in -*) words="$options" tables='' ;; esac
  for word in $words; do printf '%s\n' "$word"; done
  if [ -n "$tables" ]; then
    PGCONNECT_TIMEOUT=2 pgtricklectl list --output tsv -d "$database" 2>/dev/null </dev/null |
      tail -n +2 | cut -f 1
  fi
}}
)sh";

std::string common(const CLI::App& app, const char* first) {
  branches all;
  add(all, app, "");
  return fmt::format(candidates, first, fmt::join(all.paths, " | "), all.values,
                     all.words);
}

} // namespace

std::string bash_completion(const CLI::App& app) {
  return "# source <(pgtricklectl completion bash)\n" + common(app, "")
         + R"sh(_pgtricklectl() {
  local candidate current="${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  while IFS= read -r candidate; do
    [[ "$candidate" == "$current"* ]] && COMPREPLY+=("$(printf %q "$candidate")")
  done < <(_pgtricklectl_candidates "$current" "${COMP_WORDS[@]:1:COMP_CWORD-1}")
}
complete -o default -F _pgtricklectl pgtricklectl
)sh";
}

std::string zsh_completion(const CLI::App& app) {
  return "#compdef pgtricklectl\n# source <(pgtricklectl completion zsh)\n"
         + common(app, "emulate -L sh\n  ") + R"sh(_pgtricklectl() {
  local -a candidates
  candidates=("${(@f)$(_pgtricklectl_candidates "$words[CURRENT]" "${(@)words[2,CURRENT-1]}")}")
  compadd -- "${(@)candidates:#}" || _files
}
compdef _pgtricklectl pgtricklectl
)sh";
}

} // namespace pgtrickle::ctl
