#include "test/engine/shop.hpp"

#include <doctest/doctest.h>

namespace pgtrickle::test {

shop::shop() {
  sql(R"(
      CREATE TABLE customer (id int PRIMARY KEY, region text, credit numeric(10,2), born date);
      CREATE TABLE sale (customer int, item text, amount int, price numeric, note json, weight float8);
      INSERT INTO customer SELECT i, CASE WHEN i % 5 <> 0 THEN 'r' || i % 4 END, i * 1.5,
        date '2000-01-01' + i FROM generate_series(1, 40) i;
      INSERT INTO sale SELECT CASE WHEN i % 9 <> 0 THEN 1 + i % 45 END, 'item' || i % 6,
        i % 10, (i % 7) / 3.0, json_build_object('i', i % 3), i % 11 / 8.0
        FROM generate_series(1, 300) i;
      INSERT INTO sale SELECT * FROM sale WHERE amount = 3;
    )");
}

void shop::change(int round) {
  sql("INSERT INTO customer SELECT 100 * " + std::to_string(++changes_)
      + " + i, 'r' || i % 6, i, NULL FROM generate_series(1, 5) i");
  sql("UPDATE sale SET amount = amount + 1, price = price * 2 WHERE amount % "
      "4 = "
      + std::to_string(round % 4));
  sql("DELETE FROM customer WHERE id % 11 = " + std::to_string(round % 11));
  sql("BEGIN; DELETE FROM sale WHERE item = 'item" + std::to_string(round % 6)
      + "'; SAVEPOINT a; INSERT INTO sale SELECT * FROM sale WHERE amount > 3; "
        "ROLLBACK TO a; UPDATE customer SET region = NULL WHERE id % 7 = 1; "
        "COMMIT");
  sql("INSERT INTO sale SELECT i % 50, 'item' || i % 6, i, NULL, '{\"a\": "
      "1}', 'NaN' "
      "FROM generate_series(1, 20) i");
  sql("UPDATE customer SET region = region");
}

void shop::keeps(const std::string& query, const std::string& recomputed) {
  CAPTURE(query);
  CHECK(recomputed_parts(query) == recomputed);
  const auto id = create("kept", query);
  REQUIRE(difference("kept", query) == 0);
  for (int round = 1; round <= 4; ++round) {
    CAPTURE(round);
    change(round);
    const auto outcome = refresh({id}).at(0);
    CHECK(outcome.action == "DIFFERENTIAL");
    REQUIRE(difference("kept", query) == 0);
  }
  CHECK(refresh({id}).at(0).action == "NO_DATA");
  sql("DROP TABLE kept");
}

} // namespace pgtrickle::test
