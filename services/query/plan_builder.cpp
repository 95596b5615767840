#include "services/query/plan_builder.hpp"

#include "services/query/aggregate_call.hpp"
#include "services/query/from_clause.hpp"
#include "services/query/parse_tree.hpp"
#include "services/query/select_shape.hpp"
#include "services/query/sql_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgtrickle {

namespace {

/// A level of the query that no operator covers, and why.
struct uncovered {
  std::string reason;
};

using outcome = tl::expected<plan_ptr, uncovered>;

tl::unexpected<uncovered> uncover(std::string reason) {
  return tl::unexpected(uncovered{std::move(reason)});
}

plan_ptr make(operation node, std::vector<column> columns,
              std::vector<std::size_t> key = {}) {
  return std::make_shared<const plan>(
    plan{std::move(node), std::move(columns), std::move(key)});
}

/// Position of a plain column reference `i.c<n>`.
std::optional<std::size_t> plain_column(const std::string& expression) {
  if (!expression.starts_with("i.c")
      || expression.find_first_not_of("0123456789", 3) != std::string::npos)
    return std::nullopt;
  return std::stoul(expression.substr(3)) - 1;
}

class builder {
public:
  builder(const query_facts& facts, const describe_query& describe)
    : facts_(facts), names_(function_names_of(facts)), describe_(describe) {}

  plan_ptr build(const pg_query::SelectStmt& query) {
    auto built = level(query);
    return built ? *built : recomputed(query, built.error().reason);
  }

private:
  outcome level(const pg_query::SelectStmt& query) {
    if (auto reason = opaque_reason(query, names_))
      return uncover(std::move(*reason));
    if (query.op() == pg_query::SETOP_UNION)
      return set_union(query);
    return select(query);
  }

  plan_ptr recomputed(const pg_query::SelectStmt& query, std::string reason) {
    const auto width = width_of(query);
    auto sql = fmt::format("SELECT * FROM ({}) AS o({})", to_sql(query),
                           column_list("", width));
    auto columns = describe_("(" + sql + ")");
    return make(opaque{std::move(sql), tables_in(query), std::move(reason)},
                std::move(columns));
  }

  std::set<oid> tables_in(const pg_query::SelectStmt& query) const {
    std::set<oid> tables;
    for_each_message(query, [&](const auto& message) {
      if (const auto* range = dynamic_cast<const pg_query::RangeVar*>(&message))
        if (const auto* relation = find(*range))
          tables.insert(relation->tables.begin(), relation->tables.end());
      return true;
    });
    return tables;
  }

  const relation_facts* find(const pg_query::RangeVar& range) const {
    const auto found
      = facts_.relations.find({range.schemaname(), range.relname()});
    return found == facts_.relations.end() ? nullptr : &found->second;
  }

  // --- set operations --------------------------------------------------------

  outcome set_union(const pg_query::SelectStmt& query) {
    std::vector<plan_ptr> arms{build(query.larg()), build(query.rarg())};
    auto columns = describe_(current(plan{union_all{arms}, {}}));
    for (auto& arm : arms)
      arm = cast_to(std::move(arm), columns);
    for (std::size_t i = 0; i < columns.size(); ++i)
      columns[i].not_null = std::ranges::all_of(
        arms, [&](const auto& arm) { return arm->columns[i].not_null; });
    auto rows = make(union_all{std::move(arms)}, std::move(columns));
    return query.all() ? rows : once(std::move(rows));
  }

  outcome once(plan_ptr rows) {
    auto columns = rows->columns;
    std::vector<std::size_t> key;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].eq == equality::none)
        return uncover("DISTINCT over type " + columns[i].type);
      key.push_back(i);
    }
    return make(distinct{std::move(rows)}, std::move(columns), std::move(key));
  }

  static plan_ptr cast_to(plan_ptr arm, const std::vector<column>& columns) {
    std::vector<std::string> outputs;
    bool differs = false;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto name = "i." + column_name(i);
      const bool same = arm->columns[i].type == columns[i].type;
      differs = differs || !same;
      outputs.push_back(same ? name
                             : fmt::format("({})::{}", name, columns[i].type));
    }
    if (!differs)
      return arm;
    auto cast = columns;
    for (std::size_t i = 0; i < columns.size(); ++i)
      cast[i].not_null = arm->columns[i].not_null;
    return make(project{std::move(arm), std::move(outputs)}, std::move(cast));
  }

  // --- SELECT
  // ------------------------------------------------------------------

  outcome select(const pg_query::SelectStmt& query) {
    from_clause from;
    for (const auto& item : query.from_clause())
      if (auto reason = add_item(from, item))
        return uncover(std::move(*reason));
    if (query.has_where_clause())
      from.add_condition(query.where_clause());
    auto rows = from.join();
    if (!rows)
      return uncover("a reference that is not a plain column");
    auto result = groups(query, names_)
                    ? grouped(query, from, std::move(rows))
                    : projected(query, from, std::move(rows));
    if (result && query.distinct_clause_size() > 0)
      return once(std::move(*result));
    return result;
  }

  outcome projected(const pg_query::SelectStmt& query, const from_clause& from,
                    plan_ptr rows) {
    std::vector<std::string> outputs;
    for (const auto& target : query.target_list()) {
      auto text = from.expression(target.res_target().val());
      if (!text)
        return uncover("a reference that is not a plain column");
      outputs.push_back(std::move(*text));
    }
    return projection(std::move(rows), std::move(outputs));
  }

  plan_ptr projection(plan_ptr rows, std::vector<std::string> outputs) {
    auto columns = describe_(current(plan{project{rows, outputs}, {}}));
    std::map<std::size_t, std::size_t> carried; // input column -> output
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (const auto input = plain_column(outputs[i])) {
        columns[i] = rows->columns[*input];
        carried.emplace(*input, i);
      }
    std::vector<std::size_t> key;
    for (auto k : rows->key) {
      const auto at = carried.find(k);
      if (at == carried.end()) {
        key.clear();
        break;
      }
      key.push_back(at->second);
    }
    return make(project{std::move(rows), std::move(outputs)},
                std::move(columns), std::move(key));
  }

  // --- GROUP BY
  // ----------------------------------------------------------------

  outcome grouped(const pg_query::SelectStmt& query, const from_clause& from,
                  plan_ptr rows) {
    grouping group{names_};
    for (const auto& key : query.group_clause())
      group.add_key(key);
    for (const auto& target : query.target_list())
      group.collect(target.res_target().val());
    if (query.has_having_clause())
      group.collect(query.having_clause());

    std::vector<std::string> inputs;
    for (const auto& expression : group.inputs()) {
      auto text = from.expression(expression);
      if (!text)
        return uncover("a reference that is not a plain column");
      inputs.push_back(std::move(*text));
    }
    auto input = inputs.empty()
                   ? make(project{std::move(rows), {}}, {})
                   : projection(std::move(rows), std::move(inputs));
    for (std::size_t i = 0; i < group.keys(); ++i)
      if (input->columns[i].eq == equality::none)
        return uncover("GROUP BY over type " + input->columns[i].type);
    auto result = aggregated(std::move(input), group);
    if (query.has_having_clause()) {
      auto columns = result->columns;
      auto key = result->key;
      result
        = make(filter{std::move(result), group.output(query.having_clause())},
               std::move(columns), std::move(key));
    }
    std::vector<std::string> outputs;
    for (const auto& target : query.target_list())
      outputs.push_back(group.output(target.res_target().val()));
    return projection(std::move(result), std::move(outputs));
  }

  plan_ptr aggregated(plan_ptr input, const grouping& group) {
    aggregate node{input, group.keys(), group.calls(input->columns)};
    std::vector<column> columns;
    if (node.keys + node.calls.size() > 0)
      columns = describe_(current(plan{node, {}}));
    std::vector<std::size_t> key;
    for (std::size_t i = 0; i < node.keys; ++i) {
      columns[i] = input->columns[i];
      key.push_back(i);
    }
    for (std::size_t i = 0; i < node.calls.size(); ++i)
      columns[node.keys + i].not_null
        = node.calls[i].kind == aggregate_kind::count;
    return make(std::move(node), std::move(columns), std::move(key));
  }

  // --- FROM
  // --------------------------------------------------------------------

  /// Adds a FROM item; returns why it can't be joined, if so.
  std::optional<std::string> add_item(from_clause& from,
                                      const pg_query::Node& item) {
    if (item.has_range_var())
      return add_relation(from, item.range_var());
    if (item.has_range_subselect())
      return add_subquery(from, item.range_subselect());
    if (item.has_join_expr())
      return add_join(from, item.join_expr());
    return "a FROM item that is neither table, subquery nor join";
  }

  std::optional<std::string> add_relation(from_clause& from,
                                          const pg_query::RangeVar& range) {
    const auto* relation = find(range);
    if (relation == nullptr)
      return "relation " + range.relname() + " is not a table";
    if (!range.inh())
      return "ONLY";
    if (range.alias().colnames_size() > 0)
      return "column aliases of a table";
    leaf item{range.has_alias() ? range.alias().aliasname() : range.relname(),
              {},
              relation_rows(*relation)};
    for (const auto& column : relation->columns)
      item.names.push_back(column.name);
    from.add(std::move(item));
    return std::nullopt;
  }

  plan_ptr relation_rows(const relation_facts& relation) {
    std::vector<column> columns;
    for (const auto& column : relation.columns)
      columns.push_back(column.facts);
    if (relation.kind == 'r' || relation.kind == 'p')
      return make(scan{relation.id, relation.name, relation.columns},
                  std::move(columns), relation.key);
    std::vector<std::string> outputs;
    for (std::size_t i = 0; i < relation.columns.size(); ++i)
      outputs.push_back(fmt::format(
        "{} AS {}", quoted(relation.columns[i].name), column_name(i)));
    return make(
      opaque{fmt::format("SELECT {} FROM {}", joined(outputs), relation.name),
             relation.tables, "view " + relation.name},
      std::move(columns));
  }

  std::optional<std::string>
  add_subquery(from_clause& from, const pg_query::RangeSubselect& range) {
    if (range.lateral())
      return "LATERAL";
    const auto& query = range.subquery().select_stmt();
    leaf item{range.alias().aliasname(), {}, build(query)};
    for (const auto& name : range.alias().colnames())
      item.names.push_back(name.string().sval());
    const auto* first = &query;
    while (first->op() != pg_query::SETOP_NONE)
      first = &first->larg();
    for (auto i = item.names.size(); i < item.rows->columns.size(); ++i) {
      if (static_cast<int>(i) >= first->target_list_size())
        return "VALUES without column names";
      const auto& target = first->target_list(static_cast<int>(i)).res_target();
      const auto& reference = target.val().column_ref();
      item.names.push_back(
        target.name().empty() && reference.fields_size() > 0
          ? reference.fields(reference.fields_size() - 1).string().sval()
          : target.name());
    }
    from.add(std::move(item));
    return std::nullopt;
  }

  std::optional<std::string> add_join(from_clause& from,
                                      const pg_query::JoinExpr& join) {
    if (join.jointype() != pg_query::JOIN_INNER)
      return "outer join";
    if (join.has_alias() || join.has_join_using_alias())
      return "alias of a join";
    const auto left = from.size();
    if (auto reason = add_item(from, join.larg()))
      return reason;
    const auto right = from.size();
    if (auto reason = add_item(from, join.rarg()))
      return reason;
    for (const auto& name : join.using_clause())
      if (!from.add_using(name.string().sval(), left, right, from.size()))
        return "USING over a merged column";
    if (join.has_quals())
      from.add_condition(join.quals());
    return std::nullopt;
  }

  const query_facts& facts_;
  function_names names_;
  const describe_query& describe_;
};

} // namespace

result<plan_ptr> build_plan(const pg_query::SelectStmt& query,
                            const query_facts& facts,
                            const describe_query& describe) {
  for (const auto& [name, relation] : facts.relations)
    if (relation.kind != 'r' && relation.kind != 'p' && relation.kind != 'v')
      return fail(errc::unsupported_query,
                  relation.name + ": its changes can't be captured",
                  "Use refresh_mode 'FULL', or read the tables behind it.");
  return builder{facts, describe}.build(query);
}

} // namespace pgtrickle
