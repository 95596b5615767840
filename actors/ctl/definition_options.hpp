#pragma once

#include "services/core/result.hpp"
#include "services/postgres/client.hpp"

#include <string>

namespace CLI {
class App;
} // namespace CLI

namespace pgtrickle::ctl {

/// Where a defining query comes from.
struct query_options {
  std::string query;
  std::string file;
};

/// QUERY, or --query where the query may be left out, and --file.
void add_query_options(CLI::App& command, query_options& options,
                       bool is_required);

/// --mode
void add_mode_option(CLI::App& command, std::string& mode);

/// The query that was given; null: none was. Errors: invalid_argument, if there
/// are two, or the file can't be read.
[[nodiscard]] result<postgres::text_value>
query_of(const query_options& options);

} // namespace pgtrickle::ctl
