#include "test/scenarios/driver/user_actions.hpp"

namespace pgtrickle::test::driver {

namespace {

/// A stream table's name, and queries that it may have. Some read others, so
/// that there are chains and a diamond; none depends on time or on a place in
/// an order that is not given.
struct definition {
  std::string name;
  std::vector<std::string> queries;
};

const std::vector<definition>& definitions() {
  static const std::vector<definition> all{
    {"per_item",
     {"SELECT item, count(*) AS n, sum(amount) AS total FROM sale GROUP BY "
      "item",
      "SELECT item, count(*) AS n, sum(amount) AS total FROM sale WHERE amount "
      "> 20 GROUP BY item"}},
    {"sold",
     {"SELECT i.id, i.kind, s.amount FROM item i JOIN sale s ON s.item = i.id",
      "SELECT i.id, i.kind, s.amount FROM item i LEFT JOIN sale s ON s.item = "
      "i.id"}},
    {"kinds",
     {"SELECT DISTINCT kind FROM item",
      "SELECT kind FROM item UNION SELECT id % 9 FROM side.note"}},
    {"busy",
     {"SELECT item, total FROM per_item WHERE n > 2",
      "SELECT item, total FROM per_item WHERE n > 3 AND total > 50"}},
    {"kind_sums",
     {"SELECT s.kind, max(s.amount) AS most, count(*) AS n FROM sold s JOIN "
      "kinds k ON k.kind = s.kind GROUP BY s.kind"}},
    {"gap",
     {"SELECT p.item, p.n, b.total FROM per_item p LEFT JOIN busy b ON b.item "
      "= p.item"}},
    {"ranks",
     {"SELECT id, item, row_number() OVER (PARTITION BY item ORDER BY amount "
      "DESC, id) AS place FROM sale",
      "SELECT id, item, rank() OVER (PARTITION BY item ORDER BY amount) AS "
      "place FROM sale WHERE amount < 60"}},
    {"unsold",
     {"SELECT id FROM item i WHERE NOT EXISTS (SELECT FROM sale s WHERE s.item "
      "= i.id)",
      "SELECT id FROM item EXCEPT SELECT item FROM sale"}},
    {"side.words",
     {"SELECT word, count(*) AS n FROM side.note GROUP BY word",
      "SELECT word, count(*) AS n FROM side.note WHERE id > 10 GROUP BY "
      "word"}}};
  return all;
}

std::string quoted(const std::string& text) { return "'" + text + "'"; }

std::string schedule(choice& random) {
  static const std::vector<std::string> all{
    "1s", "1s", "2s", "calculated", "calculated", "0s", "* * * * * *"};
  return quoted(random.of(all));
}

std::string mode(choice& random) {
  static const std::vector<std::string> all{
    "AUTO", "AUTO", "DIFFERENTIAL", "DIFFERENTIAL", "FULL", "IMMEDIATE"};
  return quoted(random.of(all));
}

std::string creation(choice& random) {
  const auto& made = random.of(definitions());
  return "SELECT pgtrickle.create_stream_table(" + quoted(made.name) + ", $q$"
         + random.of(made.queries) + "$q$, " + schedule(random) + ", "
         + mode(random) + (random.one_in(6) ? ", initialize => false)" : ")");
}

std::string alteration(choice& random) {
  const auto& made = random.of(definitions());
  std::string change;
  switch (random.below(4)) {
    case 0:
      change = "query => $q$" + random.of(made.queries) + "$q$";
      break;
    case 1:
      change = "schedule => " + schedule(random);
      break;
    case 2:
      change = "refresh_mode => " + mode(random);
      break;
    default:
      change = "status => 'SUSPENDED'";
  }
  return "SELECT pgtrickle.alter_stream_table(" + quoted(made.name) + ", "
         + change + ")";
}

std::string one_definition(choice& random) {
  const auto drawn = random.below(12);
  if (drawn < 7)
    return creation(random);
  const auto name = random.of(definitions()).name;
  if (drawn < 10)
    return alteration(random);
  if (drawn == 10)
    return "DROP TABLE " + name;
  return "SELECT pgtrickle.drop_stream_table(" + quoted(name)
         + (random.one_in(2) ? ", true)" : ")");
}

} // namespace

std::vector<std::string> define_something(choice& random) {
  const auto statement = one_definition(random);
  if (!random.one_in(5))
    return {statement};
  return {"BEGIN; " + statement
          + (random.one_in(3) ? "; ROLLBACK" : "; COMMIT")};
}

std::vector<std::string> act_on_something(choice& random) {
  const auto name = quoted(random.of(definitions()).name);
  const auto kept = quoted("public.kept_" + random.number(1, 4));
  switch (random.below(9)) {
    case 0:
    case 1:
    case 2:
      return {"SELECT pgtrickle.refresh_stream_table(" + name + ")"};
    case 3:
      return {"SELECT pgtrickle.resume_stream_table(" + name + ")"};
    case 4:
    case 5:
      return {"SELECT pgtrickle.snapshot_stream_table(" + name + ", " + kept
              + ")"};
    case 6:
      return {"SELECT pgtrickle.restore_from_snapshot(" + name + ", " + kept
              + ")"};
    case 7:
      return {"SELECT pgtrickle.restore_stream_table_to(" + name
              + ", clock_timestamp() - interval '1 second')"};
    default:
      return {"SELECT pgtrickle.drop_snapshot(" + kept + ")"};
  }
}

} // namespace pgtrickle::test::driver
