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

namespace {

std::string deparsed(const pg_query::SelectStmt& query) {
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

bool reads_back(const pg_query::SelectStmt& query, const std::string& sql) {
  const auto again = parse_select(sql);
  return again && again->SerializeAsString() == query.SerializeAsString();
}

/// a = ANY (SELECT …)
bool compares_with_subquery(const pg_query::Node& expression) {
  const auto kind = expression.sub_link().sub_link_type();
  return expression.has_sub_link()
         && (kind == pg_query::ANY_SUBLINK || kind == pg_query::ALL_SUBLINK);
}

/// COALESCE of one value is that value, and has parentheses of its own.
void enclose(pg_query::Node& operand) {
  const bool open = operand.has_bool_expr() || operand.has_a_expr()
                    || operand.has_null_test() || operand.has_boolean_test()
                    || compares_with_subquery(operand);
  if (!open)
    return;
  pg_query::Node enclosed;
  *enclosed.mutable_coalesce_expr()->add_args() = operand;
  operand = std::move(enclosed);
}

/// libpg_query leaves out parentheses around some operands: `(a AND b) IS
/// NULL` becomes `a AND b IS NULL`. Those get some that it writes.
pg_query::SelectStmt with_parentheses(pg_query::SelectStmt query) {
  for_each_node(query, [](pg_query::Node& node) {
    if (node.has_boolean_test())
      enclose(*node.mutable_boolean_test()->mutable_arg());
    if (node.has_null_test())
      enclose(*node.mutable_null_test()->mutable_arg());
    if (node.has_type_cast())
      enclose(*node.mutable_type_cast()->mutable_arg());
    if (node.has_collate_clause())
      enclose(*node.mutable_collate_clause()->mutable_arg());
    if (node.has_a_expr() && node.a_expr().kind() != pg_query::AEXPR_OP
        && node.a_expr().has_lexpr())
      enclose(*node.mutable_a_expr()->mutable_lexpr());
    if (compares_with_subquery(node.a_expr().lexpr()))
      enclose(*node.mutable_a_expr()->mutable_lexpr());
    if (compares_with_subquery(node.a_expr().rexpr()))
      enclose(*node.mutable_a_expr()->mutable_rexpr());
    if (node.has_sub_link() && node.sub_link().has_testexpr())
      enclose(*node.mutable_sub_link()->mutable_testexpr());
    // a AT TIME ZONE b
    if (node.has_func_call()
        && node.func_call().funcformat() == pg_query::COERCE_SQL_SYNTAX
        && dotted(node.func_call().funcname()) == "pg_catalog.timezone")
      node.mutable_func_call()->set_funcformat(pg_query::COERCE_EXPLICIT_CALL);
    return true;
  });
  return query;
}

} // namespace

std::string to_sql(const pg_query::SelectStmt& query) {
  auto sql = deparsed(query);
  return reads_back(query, sql) ? sql : deparsed(with_parentheses(query));
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

void change_each_message(pb::Message& message,
                         const std::function<bool(pb::Message&)>& visit) {
  if (!visit(message))
    return;
  std::vector<const pb::FieldDescriptor*> fields;
  const auto* reflection = message.GetReflection();
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE)
      continue;
    if (!field->is_repeated()) {
      change_each_message(*reflection->MutableMessage(&message, field), visit);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i)
      change_each_message(
        *reflection->MutableRepeatedMessage(&message, field, i), visit);
  }
}

void for_each_node(pb::Message& tree,
                   const std::function<bool(pg_query::Node&)>& visit) {
  change_each_message(tree, [&](pb::Message& message) {
    auto* node = dynamic_cast<pg_query::Node*>(&message);
    return node == nullptr || visit(*node);
  });
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
