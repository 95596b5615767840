#pragma once

#include "test/engine/restored_database.hpp"

namespace pgtrickle::test {

/// Sources with gaps between their columns, and stream tables of several kinds.
struct sold : stream_database {
  static inline const std::string by_item
    = "SELECT item, count(*) AS n, sum(amount) AS total, max(amount) AS most "
      "FROM sale GROUP BY item";
  static inline const std::string large
    = "SELECT item, total FROM by_item WHERE total > 300";
  static inline const std::string joined
    = "SELECT s.id, s.amount, i.\"Über name\" FROM sale s "
      "JOIN item i ON i.name = s.item";
  static inline const std::string priceless
    = "SELECT i.name FROM item i WHERE NOT EXISTS (SELECT FROM sale s WHERE "
      "s.item = i.name AND s.amount > 85)";

  sold() {
    sql(
      "CREATE TABLE sale (junk int, id int PRIMARY KEY, gone text, item text, "
      "amount int); ALTER TABLE sale DROP junk, DROP gone; "
      "CREATE TABLE item (old int, name text PRIMARY KEY, \"Über name\" text); "
      "ALTER TABLE item DROP old; "
      "INSERT INTO item SELECT 'item' || i, 'Ü' || i FROM generate_series(0, "
      "4) i; "
      "INSERT INTO sale SELECT i, 'item' || i % 3, i FROM "
      "generate_series(1, 90) i");
  }

  void change() {
    sql("INSERT INTO sale SELECT i, 'item' || i % 4, i FROM generate_series("
        "(SELECT max(id) + 1 FROM sale), (SELECT max(id) + 20 FROM sale)) i");
    sql("UPDATE sale SET amount = amount + 7 WHERE id % 5 = 0");
    sql("DELETE FROM sale WHERE id = (SELECT min(id) FROM sale)");
    sql("UPDATE item SET \"Über name\" = \"Über name\" || '!' WHERE name = "
        "'item1'");
  }
};

inline void change_copy(restored_database& copy) {
  copy.sql("BEGIN; DELETE FROM sale WHERE id % 7 = 0; SAVEPOINT s; "
           "INSERT INTO sale SELECT max(id) + 100, 'item4', 999 FROM sale; "
           "RELEASE s; COMMIT");
  copy.sql("BEGIN; DELETE FROM sale; ROLLBACK");
  copy.sql("UPDATE item SET name = 'item3b' WHERE name = 'item3'");
}

} // namespace pgtrickle::test
