#include "test/engine/property/history.hpp"

#include "services/query/sql_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pgtrickle::test {

namespace {

class history_maker {
public:
  explicit history_maker(std::uint64_t seed) : random_(seed) {}

  history make() {
    history result;
    for (int i = random_.between(2, 4); i > 0; --i) {
      tables_.push_back(random_table(random_, tables_.size() + 1));
      for (auto& statement : creation_of(random_, tables_.back()))
        result.setup.push_back(std::move(statement));
    }
    auto readable = tables_;
    for (int i = random_.chance(20) ? random_.between(1, 2) : 0; i > 0; --i) {
      const auto name = fmt::format("\"view {}\"", i);
      auto query = make_query(random_, readable);
      readable.push_back({name, std::move(query.columns), false, false});
      result.setup.push_back("CREATE VIEW " + name + " AS "
                             + to_sql(query.text));
    }
    for (int i = random_.between(1, 2); i > 0; --i) {
      const auto name
        = fmt::format("\"stream {}\"", result.stream_tables.size() + 1);
      auto query = make_query(random_, readable);
      readable.push_back({name, std::move(query.columns), false, false});
      result.stream_tables.push_back({name, std::move(query.text)});
    }
    for (int i = random_.between(4, 9); i > 0; --i)
      add_steps(result);
    if (open_)
      result.steps.push_back(statements{1, {end_of_transaction()}});
    result.steps.push_back(refresh_step{all(result)});
    return result;
  }

private:
  static std::vector<std::size_t> all(const history& result) {
    std::vector<std::size_t> positions;
    for (std::size_t i = 0; i < result.stream_tables.size(); ++i)
      positions.push_back(i);
    return positions;
  }

  std::string end_of_transaction() {
    return random_.chance(80) ? "COMMIT" : "ROLLBACK";
  }

  std::string change(std::size_t session) {
    const auto& table = random_.pick(tables_);
    if (session == 0 && random_.chance(3))
      return "TRUNCATE " + table.name;
    return random_change(random_, table, session == 0 ? 0 : 60);
  }

  std::vector<std::string> transaction(std::size_t session) {
    std::vector<std::string> sql;
    for (int i = random_.between(1, 4); i > 0; --i) {
      const bool undone = random_.chance(15);
      if (undone)
        sql.emplace_back("SAVEPOINT a");
      sql.push_back(change(session));
      if (undone)
        sql.emplace_back("ROLLBACK TO a");
    }
    return sql;
  }

  void add_steps(history& result) {
    auto sql = transaction(0);
    if (sql.size() > 1 || random_.chance(30)) {
      sql.insert(sql.begin(), "BEGIN");
      sql.push_back(random_.chance(88) ? "COMMIT" : "ROLLBACK");
    }
    result.steps.push_back(statements{0, std::move(sql)});
    if (random_.chance(25)) {
      auto late = transaction(1);
      if (!open_)
        late.insert(late.begin(), "BEGIN");
      open_ = true;
      if (random_.chance(40)) {
        late.push_back(end_of_transaction());
        open_ = false;
      }
      result.steps.push_back(statements{1, std::move(late)});
    }
    if (random_.chance(75)) {
      auto which = all(result);
      if (which.size() > 1 && random_.chance(35))
        which = {random_.below(which.size())};
      result.steps.push_back(refresh_step{which});
    }
    if (random_.chance(10))
      result.steps.push_back(sweep_step{});
  }

  random_source random_;
  std::vector<relation> tables_;
  bool open_ = false;
};

std::string text_of(const step& s, const history& whole) {
  struct {
    const history& whole;
    std::string operator()(const statements& s) const {
      return fmt::format("-- session {}\n{};\n", s.session,
                         joined(s.sql, ";\n"));
    }
    std::string operator()(const refresh_step& s) const {
      std::vector<std::string> names;
      for (auto i : s.tables)
        names.push_back(whole.stream_tables[i].name);
      return "-- refresh " + joined(names) + "\n";
    }
    std::string operator()(const sweep_step&) const { return "-- sweep\n"; }
  } text{whole};
  return std::visit(text, s);
}

} // namespace

history random_history(std::uint64_t seed) {
  return history_maker{seed}.make();
}

std::vector<history> simpler(const history& whole) {
  std::vector<history> all;
  const auto add = [&](auto change) {
    auto copy = whole;
    change(copy);
    all.push_back(std::move(copy));
  };
  if (whole.stream_tables.size() > 1)
    add([](history& copy) {
      copy.stream_tables.pop_back();
      const auto last = copy.stream_tables.size();
      for (auto& s : copy.steps)
        if (auto* refresh = std::get_if<refresh_step>(&s))
          std::erase(refresh->tables, last);
    });
  for (std::size_t i = 0; i < whole.steps.size(); ++i)
    add([&](history& copy) {
      copy.steps.erase(copy.steps.begin() + static_cast<long>(i));
    });
  for (std::size_t t = 0; t < whole.stream_tables.size(); ++t)
    for (const auto& query : simpler(whole.stream_tables[t].query))
      add([&](history& copy) { copy.stream_tables[t].query = query; });
  for (std::size_t i = 0; i < whole.steps.size(); ++i)
    if (const auto* s = std::get_if<statements>(&whole.steps[i]);
        s && s->sql.size() > 1)
      for (std::size_t n = 0; n < s->sql.size(); ++n)
        add([&](history& copy) {
          auto& sql = std::get<statements>(copy.steps[i]).sql;
          sql.erase(sql.begin() + static_cast<long>(n));
        });
  for (std::size_t i = 0; i < whole.setup.size(); ++i)
    add([&](history& copy) {
      copy.setup.erase(copy.setup.begin() + static_cast<long>(i));
    });
  return all;
}

std::string to_text(const history& whole) {
  std::string text;
  for (const auto& statement : whole.setup)
    text += statement + ";\n";
  for (const auto& table : whole.stream_tables)
    text += fmt::format("-- stream table {}:\n{};\n", table.name,
                        to_sql(table.query));
  for (const auto& s : whole.steps)
    text += text_of(s, whole);
  return text;
}

} // namespace pgtrickle::test
