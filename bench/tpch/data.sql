-- The first contents of the tables.
INSERT INTO region
SELECT ordinality - 1, name, 'region' FROM unnest(
  ARRAY['AFRICA', 'AMERICA', 'ASIA', 'EUROPE', 'MIDDLE EAST']) WITH ORDINALITY AS r (name, ordinality);

INSERT INTO nation VALUES
  (0, 'ALGERIA', 0, ''), (1, 'ARGENTINA', 1, ''), (2, 'BRAZIL', 1, ''), (3, 'CANADA', 1, ''),
  (4, 'EGYPT', 4, ''), (5, 'ETHIOPIA', 0, ''), (6, 'FRANCE', 3, ''), (7, 'GERMANY', 3, ''),
  (8, 'INDIA', 2, ''), (9, 'INDONESIA', 2, ''), (10, 'IRAN', 4, ''), (11, 'IRAQ', 4, ''),
  (12, 'JAPAN', 2, ''), (13, 'JORDAN', 4, ''), (14, 'KENYA', 0, ''), (15, 'MOROCCO', 0, ''),
  (16, 'MOZAMBIQUE', 0, ''), (17, 'PERU', 1, ''), (18, 'CHINA', 2, ''), (19, 'ROMANIA', 3, ''),
  (20, 'SAUDI ARABIA', 4, ''), (21, 'VIETNAM', 2, ''), (22, 'RUSSIA', 3, ''),
  (23, 'UNITED KINGDOM', 3, ''), (24, 'UNITED STATES', 1, '');

INSERT INTO supplier
SELECT key, 'Supplier#' || lpad(key::text, 9, '0'), sentence(words, key, 101), nation, phone(nation, key),
  money(key, 110, -99999, 999999), sentence(words, key, 111)
  || CASE WHEN pick(key, 120, 50) = 0 THEN ' Customer slow Complaints' ELSE '' END
FROM size, vocabulary, generate_series(1, suppliers) key,
  LATERAL (SELECT one_of(nations, key, 100) AS nation) AS n;

INSERT INTO part
SELECT key, one_of(colors, key, 201) || ' ' || one_of(colors, key, 202) || ' ' || one_of(colors, key, 203)
  || ' ' || one_of(colors, key, 204) || ' ' || one_of(colors, key, 205),
  'Manufacturer#' || left(brand, 1), 'Brand#' || brand,
  one_of(type_1, key, 206) || ' ' || one_of(type_2, key, 207) || ' ' || one_of(type_3, key, 208),
  one_of(sizes, key, 209), one_of(container_1, key, 210) || ' ' || one_of(container_2, key, 211),
  retail_price(key), one_of(words, key, 212)
FROM size, vocabulary, generate_series(1, parts) key, LATERAL (SELECT one_of(brands, key, 200) AS brand) AS b;

INSERT INTO partsupp
SELECT part, supplier_of(part, nth, suppliers), 1 + pick(part * 4 + nth, 301, 9999),
  money(part * 4 + nth, 302, 100, 100000), sentence(words, part * 4 + nth, 303)
FROM size, vocabulary, generate_series(1, parts) part, generate_series(0, 3) nth;

INSERT INTO customer
SELECT key, 'Customer#' || lpad(key::text, 9, '0'), sentence(words, key, 401), nation, phone(nation, key),
  money(key, 410, -99999, 999999), one_of(segments, key, 411), sentence(words, key, 412)
FROM size, vocabulary, generate_series(1, customers) key,
  LATERAL (SELECT one_of(nations, key, 400) AS nation) AS n;

SELECT add_orders(1, orders) FROM size;

-- After the rows, in one pass. What changes checks its lines at commit, because
-- an order's price follows from its lines.
ALTER TABLE nation ADD FOREIGN KEY (n_regionkey) REFERENCES region;
ALTER TABLE supplier ADD FOREIGN KEY (s_nationkey) REFERENCES nation;
ALTER TABLE partsupp ADD FOREIGN KEY (ps_partkey) REFERENCES part, ADD FOREIGN KEY (ps_suppkey) REFERENCES supplier;
ALTER TABLE customer ADD FOREIGN KEY (c_nationkey) REFERENCES nation;
ALTER TABLE orders ADD FOREIGN KEY (o_custkey) REFERENCES customer;
ALTER TABLE lineitem ADD FOREIGN KEY (l_orderkey) REFERENCES orders DEFERRABLE INITIALLY DEFERRED,
  ADD FOREIGN KEY (l_partkey, l_suppkey) REFERENCES partsupp;
