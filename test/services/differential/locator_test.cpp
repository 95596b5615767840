#include "services/differential/locator.hpp"

#include <doctest/doctest.h>

using namespace pgtrickle;

namespace {

using texts = std::vector<std::string>;

const column key{.type = "integer",
                 .eq = equality::exact,
                 .indexable = true,
                 .not_null = true};
const column nullable{
  .type = "integer", .eq = equality::exact, .indexable = true};
const column amount{
  .type = "numeric", .eq = equality::loose, .indexable = true};
const column document{.type = "json"};

const texts names{"a", "b"};

std::string equal(const locator& where) {
  return where.equal(references("s", names), references("d", names));
}

std::string identical(const locator& where) {
  return where.identical(references("s", names), references("d", names));
}

} // namespace

TEST_CASE("a key that is never null is found by a unique index") {
  const locator where{{key, amount}, {0}};
  CHECK(where.is_unique());
  CHECK(where.index_on("t", names) == texts{"CREATE UNIQUE INDEX ON t (a)"});
  CHECK(equal(where) == "s.a = d.a");
  CHECK(identical(where) == "s.a = d.a");
}

TEST_CASE("rows without a key are found by the hash of all their values") {
  const locator where{{key, nullable}, {}};
  CHECK_FALSE(where.is_unique());
  CHECK(where.key() == all_columns(2));
  CHECK(where.index_on("t", names)
        == texts{"CREATE INDEX ON t "
                 "((pg_catalog.hash_record_extended(ROW(a, b), 0)))"});
  CHECK(equal(where)
        == "pg_catalog.hash_record_extended(ROW(s.a, s.b), 0) = "
           "pg_catalog.hash_record_extended(ROW(d.a, d.b), 0) "
           "AND s.a IS NOT DISTINCT FROM d.a "
           "AND s.b IS NOT DISTINCT FROM d.b");
}

TEST_CASE("a key that may be null or large is found by its hash") {
  CHECK_FALSE(locator{{nullable, key}, {0}}.is_unique());
  CHECK_FALSE(locator{
    {{.type = "text", .eq = equality::exact, .not_null = true}, key},
    {0}}.is_unique());
}

TEST_CASE("a key of more columns than an index can have is found by its hash") {
  CHECK(locator{std::vector<column>(32, key), all_columns(32)}.is_unique());
  CHECK_FALSE(
    locator{std::vector<column>(33, key), all_columns(33)}.is_unique());
}

TEST_CASE("equal values that look different are equal but not identical") {
  const locator where{{nullable, amount}, {1}};
  const std::string hashes
    = "pg_catalog.hash_record_extended(ROW(s.b), 0) = "
      "pg_catalog.hash_record_extended(ROW(d.b), 0) AND ";
  CHECK(equal(where) == hashes + "s.b IS NOT DISTINCT FROM d.b");
  CHECK(identical(where)
        == hashes + "s.b::text IS NOT DISTINCT FROM d.b::text");
}

TEST_CASE("a value without equality is left out of the hash and compared by "
          "its text") {
  const locator where{{nullable, document}, {}};
  CHECK(where.index_on("t", names)
        == texts{"CREATE INDEX ON t "
                 "((pg_catalog.hash_record_extended(ROW(a), 0)))"});
  CHECK(identical(where)
        == "pg_catalog.hash_record_extended(ROW(s.a), 0) = "
           "pg_catalog.hash_record_extended(ROW(d.a), 0) "
           "AND s.a IS NOT DISTINCT FROM d.a "
           "AND s.b::text IS NOT DISTINCT FROM d.b::text");
}

TEST_CASE("rows of a group are found by an index that is not unique") {
  const auto plain = locator::of_groups({key, nullable}, {0});
  CHECK_FALSE(plain.is_unique());
  CHECK(plain.index_on("t", names) == texts{"CREATE INDEX ON t (a)"});
  CHECK(equal(plain) == "s.a = d.a");
  const auto hashed = locator::of_groups({key, nullable}, {1});
  CHECK(hashed.index_on("t", names)
        == texts{"CREATE INDEX ON t "
                 "((pg_catalog.hash_record_extended(ROW(b), 0)))"});
}

TEST_CASE("without a column to hash there is no index") {
  CHECK(locator{{document, document}, {}}.index_on("t", names).empty());
}

TEST_CASE("rows without columns are all the same") {
  const locator where{{}, {}};
  CHECK_FALSE(where.is_unique());
  CHECK(where.equal({}, {}) == "true");
}

TEST_CASE("an index with a name may be there already") {
  CHECK(locator{{key, key}, {1}}.index_on("t", names, "rows")
        == texts{"CREATE UNIQUE INDEX IF NOT EXISTS rows ON t (b)"});
}
