#include "services/postgres/sqlstate.hpp"

#include <array>

namespace pgtrickle::postgres {

errc code_of_sqlstate(const std::string& sqlstate) {
  struct entry {
    std::string_view prefix;
    errc code;
  };
  static constexpr std::array known = {
    entry{"08", errc::connection_lost},
    entry{"57P", errc::connection_lost},
    entry{"57014", errc::cancelled},
    entry{"40001", errc::serialization_failure},
    entry{"40P01", errc::serialization_failure},
    entry{"55P03", errc::lock_unavailable},
    entry{"53", errc::overloaded},
    entry{"28", errc::permission_denied},
    entry{"42501", errc::permission_denied},
    entry{"42P07", errc::already_exists},
    entry{"42", errc::invalid_query},
  };
  for (const auto& [prefix, code] : known)
    if (sqlstate.starts_with(prefix))
      return code;
  return errc::statement_failed;
}

namespace {

std::string_view hint_for(const std::string& state) {
  if (state == "42P01")
    return "Check the name and the search_path, or write the name with its "
           "schema.";
  if (state == "42703")
    return "Check the column's name and the table's alias.";
  if (state == "42501")
    return "Grant the stream table's owner what its query reads.";
  if (state == "42601")
    return "Run the query by itself first.";
  if (state.starts_with("22"))
    return "Correct the data, or guard the expression in the query.";
  return {};
}

/// Two sessions have met in PostgreSQL's catalog or in ours, which says so in
/// terms of its tables.
void name_conflict(failure& reason) {
  const auto says = [&](std::string_view part) {
    return reason.message.find(part) != std::string::npos;
  };
  if (reason.sqlstate == "XX000"
      && reason.message.starts_with("tuple concurrently ")) {
    // It passes.
    reason.code = errc::serialization_failure;
    reason.sqlstate = "40001";
  } else if (reason.sqlstate == "23505"
             && (says("\"pg_class_relname_nsp_index\"")
                 || says("\"pg_type_typname_nsp_index\""))) {
    reason.code = errc::already_exists;
    reason.sqlstate = "42P07";
    reason.message = "another session has just created a relation of that name";
    reason.hint = "Choose another name.";
  } else if (reason.sqlstate == "23503"
             && reason.detail.find("not present in table \"pgt_stream_tables\"")
                  != std::string::npos) {
    reason.code = errc::stream_table_not_found;
    reason.sqlstate = "42P01";
    reason.message = "another session has just dropped the stream table";
  }
}

} // namespace

// libpqxx hands over PostgreSQL's report as one text (lc_messages is C).
failure failure_from_sqlstate(const std::string& sqlstate,
                              const std::string& report) {
  failure reason{code_of_sqlstate(sqlstate), {}, {}, {}, sqlstate};
  std::string* part = nullptr;
  for (std::size_t begin = 0; begin < report.size();) {
    auto end = report.find('\n', begin);
    if (end == std::string::npos)
      end = report.size();
    const auto line = report.substr(begin, end - begin);
    begin = end + 1;
    const auto starts = [&](std::string_view label, std::string* into) {
      if (!line.starts_with(label))
        return false;
      part = into;
      if (into != nullptr) {
        const auto text = line.find_first_not_of(' ', label.size());
        *into = text == std::string::npos ? "" : line.substr(text);
      }
      return true;
    };
    if (starts("ERROR:", &reason.message) || starts("FATAL:", &reason.message)
        || starts("DETAIL:", &reason.detail) || starts("HINT:", &reason.hint)
        || starts("LINE ", nullptr) || starts("CONTEXT:", nullptr)
        || starts("QUERY:", nullptr))
      continue;
    if (part != nullptr)
      *part += "\n" + line;
    else if (reason.message.empty())
      reason.message = line;
  }
  name_conflict(reason);
  // Nobody has cancelled what took too long: it will again.
  if (reason.code == errc::cancelled
      && reason.message.find("timeout") != std::string::npos)
    reason.code = errc::statement_failed;
  if (reason.hint.empty())
    reason.hint = hint_for(sqlstate);
  return reason;
}

} // namespace pgtrickle::postgres
