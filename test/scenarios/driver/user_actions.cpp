#include "test/scenarios/driver/user_actions.hpp"

namespace pgtrickle::test::driver {

namespace {

std::string some_rows(choice& random) {
  const auto part = random.between(2, 30);
  return "id % " + std::to_string(part) + " = "
         + std::to_string(random.below(part));
}

std::string one_write(choice& random) {
  const auto some = some_rows(random);
  const auto offset = random.number(0, 500);
  switch (random.below(9)) {
    case 0:
    case 1:
    case 2:
      return "INSERT INTO sale (item, amount) SELECT (g * 37 + " + offset
             + ") % 40, (g * 7919 + " + offset
             + ") % 100 FROM generate_series(1, " + random.number(1, 60)
             + ") g";
    case 3:
      return "UPDATE sale SET amount = amount + " + random.number(-5, 9)
             + " WHERE " + some;
    case 4:
      return "DELETE FROM sale WHERE " + some;
    case 5:
      return "INSERT INTO item (id, kind, price) SELECT g, (g + " + offset
             + ") % 6, g % 11 FROM generate_series(" + random.number(0, 20)
             + ", 25) g ON CONFLICT (id) DO UPDATE SET kind = excluded.kind";
    case 6:
      return "DELETE FROM item WHERE " + some;
    case 7:
      return "INSERT INTO side.note SELECT g, 'word ' || (g + " + offset
             + ") % 7 FROM generate_series(" + random.number(0, 40)
             + ", 45) g ON CONFLICT (id) DO UPDATE SET word = excluded.word";
    default:
      return "DELETE FROM side.note WHERE " + some;
  }
}

} // namespace

const std::vector<std::string>& repair_of_sources() {
  static const std::vector<std::string> statements{
    "CREATE SCHEMA side",
    "CREATE TABLE item (id int PRIMARY KEY, kind int, price int)",
    "CREATE TABLE sale (id bigserial, item int, amount int)",
    "CREATE TABLE side.note (id int PRIMARY KEY, word text)",
    "ALTER TABLE sold_goods RENAME TO sale",
    "ALTER TABLE item RENAME COLUMN category TO kind",
    "ALTER TABLE item ADD COLUMN kind int",
    "ALTER TABLE item ADD COLUMN price int",
    "DO $$ BEGIN IF (SELECT atttypid <> 'int'::regtype FROM pg_attribute"
    " WHERE attrelid = 'sale'::regclass AND attname = 'amount') THEN"
    " ALTER TABLE sale ALTER amount TYPE int; END IF; END $$"};
  return statements;
}

std::vector<std::string> write_something(choice& random) {
  if (random.one_in(25))
    return {"TRUNCATE sale"};
  if (random.below(3) != 0)
    return {one_write(random)};
  std::string whole = "BEGIN; " + one_write(random) + "; ";
  if (random.one_in(2))
    whole += "SAVEPOINT s; " + one_write(random)
             + (random.one_in(2) ? "; ROLLBACK TO s; " : "; RELEASE s; ");
  whole += one_write(random) + "; ";
  return {whole + (random.one_in(5) ? "ROLLBACK" : "COMMIT")};
}

std::vector<std::string> alter_a_source(choice& random) {
  static const std::vector<std::string> changes{
    "ALTER TABLE item ADD COLUMN extra int DEFAULT 7",
    "ALTER TABLE item DROP COLUMN extra",
    "ALTER TABLE item DROP COLUMN price",
    "ALTER TABLE item ADD COLUMN price int",
    "ALTER TABLE item RENAME COLUMN kind TO category",
    "ALTER TABLE item RENAME COLUMN category TO kind",
    "ALTER TABLE item DROP COLUMN kind",
    "ALTER TABLE sale ALTER amount TYPE bigint",
    "ALTER TABLE sale ALTER amount TYPE int",
    "ALTER TABLE sale RENAME TO sold_goods",
    "ALTER TABLE sold_goods RENAME TO sale",
    "ALTER TABLE sale DISABLE TRIGGER ALL",
    "CREATE INDEX IF NOT EXISTS sale_item ON sale (item)",
    "DROP TABLE side.note CASCADE",
    "CREATE TABLE side.note (id int PRIMARY KEY, word text)",
    "DROP SCHEMA side CASCADE",
    "CREATE SCHEMA side"};
  return {random.of(changes)};
}

std::vector<std::string> get_in_the_way(choice& random) {
  const auto wait = "SELECT pg_sleep(" + random.number(1, 3) + "::float / 2)";
  static const std::vector<std::string> locked{"sale", "item", "per_item",
                                               "sold", "kinds"};
  switch (random.below(4)) {
    case 0:
      return {"BEGIN; LOCK TABLE " + random.of(locked)
                + " IN ACCESS EXCLUSIVE MODE",
              wait, "COMMIT"};
    case 1:
      return {"BEGIN; " + one_write(random), wait, "COMMIT"};
    case 2: {
      const auto id = "'writer " + random.number(1, 9) + "'";
      return {
        "BEGIN; " + one_write(random) + "; PREPARE TRANSACTION " + id, wait,
        (random.one_in(3) ? "ROLLBACK PREPARED " : "COMMIT PREPARED ") + id};
    }
    default:
      return {"BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM "
                + random.of(locked),
              wait, "COMMIT"};
  }
}

} // namespace pgtrickle::test::driver
