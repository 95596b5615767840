#include "bench/cells/cell.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace pgtrickle::bench {

namespace {

// What is left of the changes of each item, found by its key.
constexpr auto merge_items = R"(
BEGIN;
DELETE FROM hand_net;
INSERT INTO hand_net
  SELECT id, bool_or(weight > 0), max(grp) FILTER (WHERE weight > 0),
    max(dim) FILTER (WHERE weight > 0), max(val) FILTER (WHERE weight > 0)
  FROM (SELECT id, grp, dim, val, sum(weight) AS weight FROM hand_changes
        GROUP BY id, grp, dim, val HAVING sum(weight) <> 0) AS net
  GROUP BY id;
ANALYZE hand_net;
{}
COMMIT;
)";

constexpr auto scan_merge = R"(
MERGE INTO by_hand h USING hand_net n ON h.id = n.id
WHEN MATCHED AND NOT n.present THEN DELETE
WHEN MATCHED THEN UPDATE SET grp = n.grp, val = n.val
WHEN NOT MATCHED AND n.present THEN INSERT VALUES (n.id, n.grp, n.val);
)";

constexpr auto filter_merge = R"(
MERGE INTO by_hand h USING hand_net n ON h.id = n.id
WHEN MATCHED AND (NOT n.present OR n.val >= 250) THEN DELETE
WHEN MATCHED THEN UPDATE SET grp = n.grp, val = n.val
WHEN NOT MATCHED AND n.present AND n.val < 250 THEN INSERT VALUES (n.id, n.grp, n.val);
)";

constexpr auto join_merge = R"(
MERGE INTO by_hand h
USING (SELECT n.id, n.present, n.val, d.label FROM hand_net n LEFT JOIN dim d ON d.id = n.dim) AS n
ON h.id = n.id
WHEN MATCHED AND NOT n.present THEN DELETE
WHEN MATCHED THEN UPDATE SET val = n.val, label = n.label
WHEN NOT MATCHED AND n.present THEN INSERT VALUES (n.id, n.val, n.label);
)";

constexpr auto aggregate_merge = R"(
MERGE INTO by_hand h
USING (SELECT grp, sum(weight) AS n, sum(weight * val) AS total FROM hand_changes GROUP BY grp) AS d
ON h.grp = d.grp
WHEN MATCHED AND h.n + d.n = 0 THEN DELETE
WHEN MATCHED THEN UPDATE SET n = h.n + d.n, total = h.total + d.total
WHEN NOT MATCHED AND d.n > 0 THEN INSERT VALUES (d.grp, d.n, d.total);
)";

constexpr auto join_aggregate_merge = R"(
MERGE INTO by_hand h
USING (SELECT category, sum(weight) AS n, sum(weight * val) AS total
       FROM hand_changes c JOIN dim d ON d.id = c.dim GROUP BY category) AS d
ON h.category = d.category
WHEN MATCHED AND h.n + d.n = 0 THEN DELETE
WHEN MATCHED THEN UPDATE SET n = h.n + d.n, total = h.total + d.total
WHEN NOT MATCHED AND d.n > 0 THEN INSERT VALUES (d.category, d.n, d.total);
)";

const std::array<cell, 5>& all() {
  static const std::array<cell, 5> instance{
    cell{"scan", "SELECT id, grp, val FROM item", "id",
         fmt::format(merge_items, scan_merge), 3.5},
    cell{"filter", "SELECT id, grp, val FROM item WHERE val < 250", "id",
         fmt::format(merge_items, filter_merge), 5},
    cell{"aggregate",
         "SELECT grp, count(*) AS n, sum(val) AS total FROM item GROUP BY grp",
         "grp", aggregate_merge, 15},
    cell{"join",
         "SELECT i.id, i.val, d.label FROM item i JOIN dim d ON d.id = i.dim",
         "id", fmt::format(merge_items, join_merge), 8},
    cell{"join+aggregate",
         "SELECT d.category, count(*) AS n, sum(i.val) AS total "
         "FROM item i JOIN dim d ON d.id = i.dim GROUP BY d.category",
         "category", join_aggregate_merge, 18}};
  return instance;
}

constexpr auto schema = R"(
CREATE FUNCTION pick(key bigint, salt bigint, n bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  'SELECT (hashint8extended(key, salt) & 9223372036854775807) % n';
CREATE TABLE dim (id int PRIMARY KEY, category int NOT NULL, label text NOT NULL);
INSERT INTO dim SELECT n, n % 100, 'label ' || n FROM generate_series(0, {0} / 100 - 1) n;
CREATE TABLE item (
  id bigint PRIMARY KEY,
  grp int NOT NULL,
  dim int NOT NULL,
  val numeric(12, 2) NOT NULL,
  note text NOT NULL);
INSERT INTO item SELECT n, pick(n, 1, 1000), pick(n, 2, {0} / 100), pick(n, 3, 100000)::numeric / 100,
  'note of item ' || n FROM generate_series(1, {0}) n;
CREATE INDEX ON item (dim);
)";

constexpr auto hand_capture = R"(
CREATE TABLE by_hand AS {0};
CREATE UNIQUE INDEX ON by_hand ({1});
CREATE TABLE hand_changes (weight smallint, id bigint, grp int, dim int, val numeric(12, 2));
CREATE TABLE hand_net (id bigint, present boolean, grp int, dim int, val numeric(12, 2));
CREATE FUNCTION hand_capture() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    INSERT INTO hand_changes SELECT -1, id, grp, dim, val FROM gone;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO hand_changes SELECT 1, id, grp, dim, val FROM come;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER hand_insert AFTER INSERT ON item REFERENCING NEW TABLE AS come
  FOR EACH STATEMENT EXECUTE FUNCTION hand_capture();
CREATE TRIGGER hand_update AFTER UPDATE ON item REFERENCING OLD TABLE AS gone NEW TABLE AS come
  FOR EACH STATEMENT EXECUTE FUNCTION hand_capture();
CREATE TRIGGER hand_delete AFTER DELETE ON item REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION hand_capture();
)";

// One in ten of the updated items moves to another group and dimension too.
constexpr auto change = R"(
BEGIN;
UPDATE item SET val = pick(id, {salt} + 3, 100000)::numeric / 100,
  grp = CASE WHEN pick(id, {salt} + 4, 10) = 0 THEN pick(id, {salt} + 5, 1000) ELSE grp END,
  dim = CASE WHEN pick(id, {salt} + 4, 10) = 0 THEN pick(id, {salt} + 6, {rows} / 100) ELSE dim END
WHERE pick(id, {salt} + 1, 1000000) < {share} * 700000;
DELETE FROM item WHERE pick(id, {salt} + 2, 1000000) < {share} * 150000;
INSERT INTO item SELECT n, pick(n, 1, 1000), pick(n, 2, {rows} / 100), pick(n, 3, 100000)::numeric / 100,
  'note of item ' || n FROM (SELECT max(id) AS last FROM item) AS m, generate_series(last + 1, last + {added}) n;
COMMIT;
)";

} // namespace

std::span<const cell> cells() { return all(); }

std::string create_items(std::int64_t rows) {
  return fmt::format(schema, rows);
}

std::string create_by_hand(const cell& query) {
  return fmt::format(hand_capture, query.query, query.key);
}

std::string change_items(std::int64_t rows, double share, int turn) {
  using namespace fmt::literals;
  return fmt::format(
    change, "salt"_a = 1000 * turn, "rows"_a = rows, "share"_a = share,
    "added"_a = std::llround(share * 0.15 * static_cast<double>(rows)));
}

} // namespace pgtrickle::bench
