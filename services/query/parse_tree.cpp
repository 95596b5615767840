#include "services/query/parse_tree.hpp"

#include <memory>
#include <pg_query.h>
#include <stdexcept>

namespace pgtrickle {

namespace pb = google::protobuf;

namespace {

/// Clears where each node stood in the text: equal expressions become equal.
void forget_locations(pb::Message& message) {
  const auto* reflection = message.GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->name() == "location")
      reflection->ClearField(&message, field);
    else if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated())
        forget_locations(*reflection->MutableMessage(&message, field));
      else
        for (int i = 0; i < reflection->FieldSize(message, field); ++i)
          forget_locations(
            *reflection->MutableRepeatedMessage(&message, field, i));
    }
  }
}

} // namespace

result<pg_query::SelectStmt> parse_select(std::string_view sql) {
  const std::string text{sql};
  const auto parsed = pg_query_parse_protobuf(text.c_str());
  const std::unique_ptr<const PgQueryProtobufParseResult,
                        void (*)(const PgQueryProtobufParseResult*)>
    guard{&parsed,
          [](const auto* p) { pg_query_free_protobuf_parse_result(*p); }};
  if (parsed.error != nullptr)
    return fail(errc::invalid_query, parsed.error->message,
                "Run the query by itself first.");
  pg_query::ParseResult tree;
  if (!tree.ParseFromArray(parsed.parse_tree.data,
                           static_cast<int>(parsed.parse_tree.len)))
    return fail(errc::query_too_large, "the query nests too deeply",
                "Simplify the query, or put parts of it into views.");
  if (tree.stmts_size() != 1 || !tree.stmts(0).stmt().has_select_stmt())
    return fail(errc::invalid_query, "the defining query is not one SELECT",
                "Give a single SELECT statement.");
  auto query = tree.stmts(0).stmt().select_stmt();
  forget_locations(query);
  return query;
}

std::string to_sql(const pg_query::SelectStmt& query) {
  pg_query::ParseResult tree;
  tree.set_version(150001);
  *tree.add_stmts()->mutable_stmt()->mutable_select_stmt() = query;
  auto bytes = tree.SerializeAsString();
  PgQueryProtobuf input{bytes.size(), bytes.data()};
  const auto text = pg_query_deparse_protobuf(input);
  const std::string sql = text.error == nullptr ? text.query : "";
  const std::string error = text.error == nullptr ? "" : text.error->message;
  pg_query_free_deparse_result(text);
  if (!error.empty())
    throw std::logic_error("deparse: " + error);
  return sql;
}

std::string to_sql(const pg_query::Node& expression) {
  pg_query::SelectStmt query;
  query.set_limit_option(pg_query::LIMIT_OPTION_DEFAULT);
  query.set_op(pg_query::SETOP_NONE);
  *query.add_target_list()->mutable_res_target()->mutable_val() = expression;
  return to_sql(query).substr(sizeof("SELECT"));
}

void for_each_message(const pb::Message& message,
                      const std::function<bool(const pb::Message&)>& visit) {
  if (!visit(message))
    return;
  std::vector<const pb::FieldDescriptor*> fields;
  const auto* reflection = message.GetReflection();
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE)
      continue;
    if (!field->is_repeated()) {
      for_each_message(reflection->GetMessage(message, field), visit);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i)
      for_each_message(reflection->GetRepeatedMessage(message, field, i),
                       visit);
  }
}

void for_each_node(pb::Message& tree,
                   const std::function<bool(pg_query::Node&)>& visit) {
  if (auto* node = dynamic_cast<pg_query::Node*>(&tree);
      node != nullptr && !visit(*node))
    return;
  std::vector<const pb::FieldDescriptor*> fields;
  const auto* reflection = tree.GetReflection();
  reflection->ListFields(tree, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE)
      continue;
    if (!field->is_repeated()) {
      for_each_node(*reflection->MutableMessage(&tree, field), visit);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(tree, field); ++i)
      for_each_node(*reflection->MutableRepeatedMessage(&tree, field, i),
                    visit);
  }
}

bool same(const pg_query::Node& a, const pg_query::Node& b) {
  return a.node_case() == b.node_case()
         && a.SerializeAsString() == b.SerializeAsString();
}

std::string dotted(const pb::RepeatedPtrField<pg_query::Node>& name) {
  std::string result;
  for (const auto& part : name) {
    if (!result.empty())
      result += '.';
    result += part.string().sval();
  }
  return result;
}

} // namespace pgtrickle
