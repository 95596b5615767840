#include "services/query/renaming.hpp"

#include "services/query/parse_tree.hpp"

namespace pgtrickle {

namespace {

namespace pb = google::protobuf;

using name_parts = pb::RepeatedPtrField<pg_query::Node>;
using names_by_name = std::map<object_name, object_name>;

void replace(name_parts& parts, const names_by_name& names) {
  if (parts.size() != 2)
    return;
  const auto found
    = names.find({parts.Get(0).string().sval(), parts.Get(1).string().sval()});
  if (found == names.end())
    return;
  parts.Mutable(0)->mutable_string()->set_sval(found->second.first);
  parts.Mutable(1)->mutable_string()->set_sval(found->second.second);
}

void replace(pg_query::RangeVar& relation, const names_by_name& names) {
  const auto found = names.find({relation.schemaname(), relation.relname()});
  if (found == names.end())
    return;
  if (!relation.has_alias())
    relation.mutable_alias()->set_aliasname(relation.relname());
  relation.set_schemaname(found->second.first);
  relation.set_relname(found->second.second);
}

void replace_in(pb::Message& message, const renaming& names) {
  if (auto* relation = dynamic_cast<pg_query::RangeVar*>(&message))
    replace(*relation, names.relations);
  else if (auto* type = dynamic_cast<pg_query::TypeName*>(&message)) {
    replace(*type->mutable_names(), names.types);
    replace(*type->mutable_names(), names.relations);
  } else if (auto* call = dynamic_cast<pg_query::FuncCall*>(&message))
    replace(*call->mutable_funcname(), names.functions);
  else if (auto* expression = dynamic_cast<pg_query::A_Expr*>(&message))
    replace(*expression->mutable_name(), names.operators);
  else if (auto* link = dynamic_cast<pg_query::SubLink*>(&message))
    replace(*link->mutable_oper_name(), names.operators);
  else if (auto* order = dynamic_cast<pg_query::SortBy*>(&message))
    replace(*order->mutable_use_op(), names.operators);
  else if (auto* collate = dynamic_cast<pg_query::CollateClause*>(&message))
    replace(*collate->mutable_collname(), names.collations);
}

} // namespace

void rename(pg_query::SelectStmt& query, const renaming& names) {
  change_each_message(query, [&](pb::Message& message) {
    replace_in(message, names);
    return true;
  });
}

} // namespace pgtrickle
