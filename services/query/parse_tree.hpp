#pragma once
// PostgreSQL's own parser: text to tree and back.

#include "pg_query.pb.h"
#include "services/core/result.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace pgtrickle {

/// Parses one SELECT; equal expressions in it are equal messages.
/// Errors: invalid_query, query_too_large.
[[nodiscard]] result<pg_query::SelectStmt> parse_select(std::string_view sql);

/// The SQL text of a query or of a scalar expression.
[[nodiscard]] std::string to_sql(const pg_query::SelectStmt& query);
[[nodiscard]] std::string to_sql(const pg_query::Node& expression);

/// Calls `visit` for `message` and every message below it, outside in, until
/// it returns false, which leaves out what is below.
void for_each_message(
  const google::protobuf::Message& message,
  const std::function<bool(const google::protobuf::Message&)>& visit);

/// The same for a `message` that the visit may change.
void change_each_message(
  google::protobuf::Message& message,
  const std::function<bool(google::protobuf::Message&)>& visit);

/// Calls `visit` for every node of `tree` that may be replaced. A visit that
/// returns false leaves out what is below.
void for_each_node(google::protobuf::Message& tree,
                   const std::function<bool(pg_query::Node&)>& visit);

/// Whether a `Message` is somewhere in `part`.
template <class Message>
[[nodiscard]] bool contains(const google::protobuf::Message& part) {
  bool found = false;
  for_each_message(part, [&](const auto& message) {
    found = found || dynamic_cast<const Message*>(&message) != nullptr;
    return !found;
  });
  return found;
}

[[nodiscard]] bool same(const pg_query::Node& a, const pg_query::Node& b);

/// Joins the parts of a possibly qualified name with dots.
[[nodiscard]] std::string
dotted(const google::protobuf::RepeatedPtrField<pg_query::Node>& name);

} // namespace pgtrickle
