#include "test/engine/shop.hpp"

#include <doctest/doctest.h>
#include <pqxx/pqxx>

using namespace pgtrickle;

namespace {

/// A shop whose stream tables must be kept without recomputing a part of their
/// queries.
struct windowed : test::shop {
  void follow(const std::vector<std::string>& queries) {
    std::vector<stream_table_id> ids;
    for (const auto& query : queries) {
      CAPTURE(query);
      ids.push_back(create(name_of(ids.size()), query));
      const auto explained = engine::explain_stream_table(
        session(), owner(), name_of(ids.size() - 1));
      REQUIRE(explained);
      CHECK(explained->find("recomputed_subtrees") == std::string::npos);
    }
    for (int round = 0; round <= 4; ++round) {
      CAPTURE(round);
      if (round > 0)
        change(round);
      for (const auto& outcome : refresh(ids))
        CHECK(outcome.action == (round > 0 ? "DIFFERENTIAL" : "NO_DATA"));
      for (std::size_t i = 0; i < queries.size(); ++i) {
        CAPTURE(queries[i]);
        REQUIRE(difference(name_of(i), queries[i]) == 0);
      }
    }
  }

  static std::string name_of(std::size_t i) {
    return "kept_" + std::to_string(i);
  }

  /// Changes, refreshes, and tells the prices in `kept`.
  std::string after(stream_table_id id, const std::string& statement) {
    sql(statement);
    CHECK(refresh({id}).at(0).action == "DIFFERENTIAL");
    return sql("SELECT coalesce(string_agg(coalesce(price::text, 'none'), ' ' "
               "ORDER BY price), '') FROM kept")[0][0]
      .as<std::string>();
  }
};

} // namespace

TEST_CASE_FIXTURE(windowed, "ranks by partition keep their table") {
  follow({"SELECT id, region, rank() OVER w, dense_rank() OVER w AS dense, "
          "percent_rank() OVER w AS part, cume_dist() OVER w AS dist "
          "FROM customer WINDOW w AS (PARTITION BY region ORDER BY credit)",
          "SELECT id, region, row_number() OVER (PARTITION BY region ORDER BY "
          "credit DESC, id) AS place, ntile(3) OVER (PARTITION BY region ORDER "
          "BY id) AS third FROM customer"});
}

TEST_CASE_FIXTURE(windowed, "neighbours by partition keep their table") {
  follow({"SELECT id, lag(credit) OVER w, lead(credit, 2, -1) OVER w AS later, "
          "first_value(id) OVER w AS first, nth_value(id, 2) OVER w AS second "
          "FROM customer WINDOW w AS (PARTITION BY region ORDER BY id)"});
}

TEST_CASE_FIXTURE(windowed, "frames of every kind keep their table") {
  std::vector<std::string> queries;
  for (const auto* frame :
       {"ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING",
        "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW",
        "RANGE BETWEEN 3 PRECEDING AND 5 FOLLOWING",
        "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE TIES",
        "GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE GROUP"})
    queries.push_back(
      std::string{"SELECT id, sum(credit) OVER (PARTITION BY region "
                  "ORDER BY id "}
      + frame + ") AS s FROM customer");
  follow(queries);
}

TEST_CASE_FIXTURE(windowed, "windows over rows without a key keep their "
                            "duplicates") {
  follow({"SELECT customer, item, amount, rank() OVER (PARTITION BY item ORDER "
          "BY amount) AS r, count(*) OVER (PARTITION BY item) AS n FROM sale"});
}

TEST_CASE_FIXTURE(windowed, "a partition by several nullable columns and an "
                            "expression keeps its table") {
  follow({"SELECT customer, item, rank() OVER (PARTITION BY customer, item "
          "ORDER BY amount) AS r FROM sale",
          "SELECT id, count(*) OVER (PARTITION BY region, extract(month FROM "
          "born)) AS n FROM customer",
          "SELECT amount, price, count(*) OVER (PARTITION BY price) AS n FROM "
          "sale"});
}

TEST_CASE_FIXTURE(windowed, "windows with different partitions in one query "
                            "keep their table") {
  follow({"SELECT customer, item, amount, "
          "rank() OVER (PARTITION BY item ORDER BY amount, customer) AS a, "
          "sum(amount) OVER (PARTITION BY customer) AS b, "
          "count(*) FILTER (WHERE amount > 4) OVER () AS c FROM sale"});
}

TEST_CASE_FIXTURE(windowed, "a window without partition keeps its table") {
  follow({"SELECT id, rank() OVER (ORDER BY credit DESC NULLS LAST) AS r, "
          "sum(credit) OVER () AS total FROM customer"});
}

TEST_CASE_FIXTURE(windowed, "windows over aggregates and joins keep their "
                            "table") {
  follow(
    {"SELECT item, customer, sum(amount) AS total, rank() OVER (PARTITION "
     "BY item ORDER BY sum(amount) DESC) AS place FROM sale GROUP BY item, "
     "customer",
     "SELECT c.region, s.item, s.amount, dense_rank() OVER (PARTITION BY "
     "c.region ORDER BY s.amount) AS r FROM customer c JOIN sale s ON "
     "s.customer = c.id"});
}

TEST_CASE_FIXTURE(windowed, "operators over a window keep their table") {
  follow({"SELECT region, id FROM (SELECT region, id, row_number() OVER "
          "(PARTITION BY region ORDER BY credit, id) AS n FROM customer) q "
          "WHERE n <= 3",
          "SELECT place, count(*) AS n, sum(id) AS ids FROM (SELECT id, rank() "
          "OVER (PARTITION BY region ORDER BY id) AS place FROM customer) q "
          "GROUP BY place",
          "SELECT q.region, s.item FROM (SELECT region, id, count(*) OVER "
          "(PARTITION BY region) AS n FROM customer) q JOIN sale s ON "
          "s.customer = q.id WHERE q.n > 5"});
}

TEST_CASE_FIXTURE(windowed, "DISTINCT ON keeps the first row of each group") {
  follow({"SELECT DISTINCT ON (item) item, amount, customer FROM sale ORDER BY "
          "item, amount DESC, customer NULLS FIRST",
          "SELECT DISTINCT ON (region) region, id FROM customer ORDER BY "
          "region, credit DESC, id"});
}

TEST_CASE_FIXTURE(windowed, "the first rows keep their table") {
  follow({"SELECT id, credit FROM customer ORDER BY credit DESC, id LIMIT 3",
          "SELECT id, region FROM customer ORDER BY region DESC NULLS LAST, id "
          "LIMIT 5 OFFSET 7",
          "SELECT id FROM customer ORDER BY born, abs(id - 20), id LIMIT 30",
          "SELECT item, amount FROM sale ORDER BY amount, item LIMIT 25 OFFSET "
          "10",
          "SELECT id FROM customer ORDER BY id LIMIT 1000",
          "SELECT id FROM customer ORDER BY id OFFSET 10",
          "SELECT id FROM customer ORDER BY id LIMIT 5 OFFSET 1000"});
}

TEST_CASE_FIXTURE(windowed, "the first rows with ties keep their table") {
  follow({"SELECT item, amount FROM sale ORDER BY amount DESC FETCH FIRST 4 "
          "ROWS WITH TIES",
          "SELECT item, amount FROM sale ORDER BY amount OFFSET 3 FETCH FIRST "
          "4 ROWS WITH TIES"});
}

TEST_CASE_FIXTURE(windowed, "operators over the first rows keep their table") {
  follow({"SELECT count(*) AS n, sum(credit) AS total FROM (SELECT * FROM "
          "customer ORDER BY credit DESC, id LIMIT 10) q",
          "SELECT q.id, s.item FROM (SELECT id FROM customer ORDER BY id DESC "
          "LIMIT 10) q JOIN sale s ON s.customer = q.id",
          "SELECT customer, sum(amount) AS total FROM sale GROUP BY customer "
          "ORDER BY sum(amount) DESC, customer LIMIT 6"});
}

TEST_CASE_FIXTURE(windowed, "first rows that others sort alike with are some "
                            "of them, counted as they stand") {
  const auto id = create("kept", "SELECT q.amount, q.item FROM (SELECT amount, "
                                 "item FROM sale ORDER BY amount LIMIT 7) q");
  const auto sums
    = create("sums", "SELECT amount, count(*) AS n, max(item) AS last FROM "
                     "(SELECT amount, item FROM sale ORDER BY amount LIMIT 7) "
                     "q GROUP BY amount");
  for (int round = 1; round <= 5; ++round) {
    change(round);
    refresh({id, sums});
    CHECK(
      sql("SELECT (SELECT array_agg(amount ORDER BY amount) FROM kept) = "
          "(SELECT array_agg(amount ORDER BY amount) FROM (SELECT amount FROM "
          "sale ORDER BY amount LIMIT 7) q)")[0][0]
        .as<bool>());
    CHECK(sql("SELECT count(*) FROM (SELECT amount, item FROM kept EXCEPT "
              "SELECT amount, item FROM sale) q")[0][0]
            .as<int>()
          == 0);
    CHECK(difference("sums", "SELECT amount, count(*), (SELECT max(last) FROM "
                             "sums s WHERE s.amount = kept.amount) FROM kept "
                             "GROUP BY amount")
          == 0);
  }
}

TEST_CASE_FIXTURE(windowed, "first rows follow what crosses their boundary") {
  sql("CREATE TABLE offer (price int)");
  const auto id
    = create("kept", "SELECT price FROM offer ORDER BY price LIMIT 2 OFFSET 1");
  CHECK(after(id, "INSERT INTO offer VALUES (1000)") == "");
  // More rows than the prefix holds come before one that it has.
  CHECK(after(id, "INSERT INTO offer SELECT generate_series(1, 100)") == "2 3");
  CHECK(after(id, "DELETE FROM offer WHERE price < 34") == "35 36");
  CHECK(after(id, "DELETE FROM offer WHERE price < 99") == "100 1000");
  CHECK(after(id, "INSERT INTO offer VALUES (99), (99)") == "99 99");
  CHECK(after(id, "DELETE FROM offer WHERE price < 1000") == "");
  CHECK(after(id, "INSERT INTO offer VALUES (NULL), (7)") == "1000 none");
  CHECK(after(id, "DELETE FROM offer") == "");
  CHECK(after(id, "INSERT INTO offer VALUES (3), (4)") == "4");
}

TEST_CASE_FIXTURE(windowed, "first rows are kept without a look at their "
                            "table while the reserve lasts") {
  sql("CREATE TABLE offer (price int); INSERT INTO offer SELECT "
      "generate_series(1, 100)");
  const auto id
    = create("kept", "SELECT price FROM offer ORDER BY price LIMIT 2");
  sql("DELETE FROM offer WHERE price < 30; INSERT INTO offer VALUES (90)");
  pqxx::connection other{conninfo()};
  pqxx::work nobody_reads{other};
  nobody_reads.exec("LOCK TABLE offer IN ACCESS EXCLUSIVE MODE");
  CHECK(after(id, "SELECT 1") == "30 31");
}

TEST_CASE_FIXTURE(windowed, "set-returning functions keep their table") {
  follow({"SELECT id, n FROM customer, generate_series(1, id % 4) n",
          "SELECT s.item, w.word, w.at FROM sale s, unnest(string_to_array("
          "s.item, 'm')) WITH ORDINALITY AS w(word, at) WHERE s.amount > 3",
          "SELECT s.item, e.key, e.value FROM sale s CROSS JOIN LATERAL "
          "jsonb_each_text(s.note::jsonb) e",
          "SELECT id, x.value FROM customer, LATERAL jsonb_array_elements("
          "jsonb_build_array(id, region)) AS x"});
}

TEST_CASE_FIXTURE(windowed, "LEFT JOIN LATERAL keeps the rows without "
                            "partners") {
  follow({"SELECT id, n FROM customer LEFT JOIN LATERAL generate_series(1, id "
          "% 3) n ON true",
          "SELECT item, v FROM sale LEFT JOIN LATERAL (SELECT amount * 2 AS v "
          "WHERE amount > 4) q ON true"});
}

TEST_CASE_FIXTURE(windowed, "operators over a lateral relation keep their "
                            "table") {
  follow({"SELECT n, count(*) AS c, sum(id) AS ids FROM customer, "
          "generate_series(1, id % 4) n GROUP BY n",
          "SELECT c.id, n, s.item FROM customer c CROSS JOIN LATERAL "
          "generate_series(1, c.id % 3) n JOIN sale s ON s.customer = c.id "
          "AND s.amount = n"});
}

TEST_CASE_FIXTURE(windowed, "a full refresh fills windows and first rows "
                            "anew") {
  const std::string query
    = "SELECT id, region, rank() OVER (PARTITION BY region ORDER BY id) AS r "
      "FROM (SELECT * FROM customer ORDER BY credit, id LIMIT 20) q";
  const auto id = create("kept", query);
  sql("TRUNCATE sale; TRUNCATE customer; INSERT INTO customer SELECT i, 'r' || "
      "i % 2, 50 - i, NULL FROM generate_series(1, 60) i");
  CHECK(refresh({id}).at(0).action == "FULL");
  CHECK(difference("kept", query) == 0);
  change(2);
  CHECK(refresh({id}).at(0).action == "DIFFERENTIAL");
  CHECK(difference("kept", query) == 0);
}
