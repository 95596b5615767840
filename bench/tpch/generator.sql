-- Rows like those of dbgen, from hashes of their keys: the same in every run.

-- A number below `n`, which `salt` makes independent of others of this key.
CREATE FUNCTION pick(key bigint, salt bigint, n bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (hashint8extended(key, salt) & 9223372036854775807) % n
$$;

CREATE FUNCTION one_of(list anyarray, key bigint, salt bigint) RETURNS anyelement
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT list[1 + pick(key, salt, cardinality(list))]
$$;

-- How many rows there are, and how many different words a column has at most:
-- with few, the queries select rows from small tables too.
CREATE TABLE size AS
SELECT orders, greatest(orders / 10, 150) AS customers, greatest(orders * 2 / 15, 400) AS parts,
  greatest(orders / 150, 100) AS suppliers, variety
FROM (SELECT :lineitems::bigint / 4 AS orders, :most_words::int AS variety) AS wanted;

-- Words that a query names come first.
CREATE TABLE vocabulary AS
SELECT colors[:variety] AS colors, type_1[:variety] AS type_1, type_2[:variety] AS type_2,
  type_3[:variety] AS type_3, brands[:variety] AS brands, container_1[:variety] AS container_1,
  container_2[:variety] AS container_2, segments[:variety] AS segments,
  priorities, instructions[:variety] AS instructions, modes[:variety] AS modes,
  nations[:2 * variety] AS nations, sizes[:2 * variety] AS sizes, words[:4 * variety] AS words
FROM size, (SELECT
  string_to_array('forest green azure lime almond antique aquamarine beige bisque black blanched blue '
    'blush brown burlywood burnished chartreuse chiffon chocolate coral cornflower cornsilk cream cyan '
    'dark deep dim dodger drab firebrick floral frosted gainsboro ghost goldenrod grey honeydew hot '
    'indian ivory khaki lace lavender lawn lemon light linen magenta maroon medium metallic midnight '
    'mint misty moccasin navajo navy olive orange orchid pale papaya peach peru pink plum powder puff '
    'purple red rose rosy royal saddle salmon sandy seashell sienna sky slate smoke snow spring steel '
    'tan thistle tomato turquoise violet wheat white yellow', ' ') AS colors,
  ARRAY['ECONOMY', 'PROMO', 'MEDIUM', 'STANDARD', 'SMALL', 'LARGE'] AS type_1,
  ARRAY['ANODIZED', 'POLISHED', 'BURNISHED', 'PLATED', 'BRUSHED'] AS type_2,
  ARRAY['STEEL', 'BRASS', 'TIN', 'NICKEL', 'COPPER'] AS type_3,
  ARRAY['12', '23', '34', '45', '11', '13', '14', '15', '21', '22', '24', '25', '31', '32', '33', '35',
    '41', '42', '43', '44', '51', '52', '53', '54', '55'] AS brands,
  ARRAY['SM', 'MED', 'LG', 'JUMBO', 'WRAP'] AS container_1,
  ARRAY['BOX', 'PACK', 'PKG', 'CASE', 'BAG', 'JAR', 'CAN', 'DRUM'] AS container_2,
  ARRAY['BUILDING', 'AUTOMOBILE', 'FURNITURE', 'MACHINERY', 'HOUSEHOLD'] AS segments,
  ARRAY['1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPECIFIED', '5-LOW'] AS priorities,
  ARRAY['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN'] AS instructions,
  ARRAY['AIR', 'MAIL', 'SHIP', 'REG AIR', 'RAIL', 'TRUCK', 'FOB'] AS modes,
  ARRAY[7, 6, 3, 20, 2, 8, 12, 21, 13, 19, 0, 1, 4, 5, 9, 10, 11, 14, 15, 16, 17, 18, 22, 23, 24] AS nations,
  ARRAY[15, 3, 9, 14, 1, 49, 23, 45, 19, 36] || ARRAY(SELECT n FROM generate_series(1, 50) n
    WHERE n NOT IN (15, 3, 9, 14, 1, 49, 23, 45, 19, 36)) AS sizes,
  string_to_array('special requests deposits packages accounts pending express ironic final regular bold '
    'quick slow careful furious theodolites pinto beans foxes ideas instructions dependencies excuses '
    'platelets asymptotes courts dolphins multipliers sauternes warthogs frets dinos attainments somas '
    'braids hockey players sleep wake haggle', ' ') AS words) AS everything;

-- One of the four suppliers of a part (`nth` is 0 to 3), as in dbgen.
CREATE FUNCTION supplier_of(part bigint, nth bigint, suppliers bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 1 + (part + nth * (suppliers / 4 + (part - 1) / suppliers)) % suppliers
$$;

CREATE FUNCTION money(key bigint, salt bigint, least_cents bigint, greatest_cents bigint) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ((least_cents + pick(key, salt, greatest_cents - least_cents + 1))::numeric / 100)::numeric(15, 2)
$$;

CREATE FUNCTION sentence(words text[], key bigint, salt bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT one_of(words, key, salt) || ' ' || one_of(words, key, salt + 1) || ' ' || one_of(words, key, salt + 2)
    || ' ' || one_of(words, key, salt + 3) || ' ' || one_of(words, key, salt + 4)
$$;

CREATE FUNCTION phone(nation int, key bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (10 + nation)::text || '-' || 100 + pick(key, 1, 900) || '-' || 100 + pick(key, 2, 900) || '-'
    || 1000 + pick(key, 3, 9000)
$$;

CREATE FUNCTION retail_price(part bigint) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ((90000 + (part / 10) % 20001 + 100 * (part % 1000))::numeric / 100)::numeric(15, 2)
$$;

-- The orders of these keys, with one to seven lines each. One order in 200 is
-- of large quantities only.
CREATE FUNCTION add_orders(first_key bigint, last_key bigint) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO lineitem
  SELECT o, part, supplier_of(part, pick(key, 22, 4), suppliers), line, quantity,
    (quantity * retail_price(part))::numeric(15, 2), money(key, 25, 0, 10), money(key, 26, 0, 8),
    CASE WHEN shipped + receipt > '1995-06-17' THEN 'N' ELSE one_of(ARRAY['R', 'A'], key, 27) END,
    CASE WHEN shipped > '1995-06-17' THEN 'O' ELSE 'F' END,
    shipped, ordered + 30 + pick(key, 28, 61)::int, shipped + receipt,
    one_of(instructions, key, 29), one_of(modes, key, 30),
    one_of(words, key, 31) || ' ' || one_of(words, key, 32) || ' ' || one_of(words, key, 33)
  FROM size, vocabulary, generate_series(first_key, last_key) o,
    LATERAL generate_series(1, 1 + pick(o, 11, 7)::int) line,
    LATERAL (SELECT o * 8 + line AS key, date '1992-01-01' + pick(o, 14, 2406)::int AS ordered OFFSET 0) AS a,
    LATERAL (SELECT 1 + pick(key, 21, parts) AS part, ordered + 1 + pick(key, 24, 121)::int AS shipped,
      1 + pick(key, 34, 30)::int AS receipt, CASE WHEN pick(o, 12, 200) = 0 THEN 41 + pick(key, 23, 10)
      ELSE 1 + pick(key, 23, 50) END AS quantity OFFSET 0) AS b;

  INSERT INTO orders
  SELECT o, customer - (customer % 3 = 0)::int, status, total, date '1992-01-01' + pick(o, 14, 2406)::int,
    one_of(priorities, o, 15), 'Clerk#' || lpad((1 + pick(o, 16, 1000))::text, 9, '0'), 0,
    sentence(words, o, 40)
  FROM vocabulary, (
    SELECT l_orderkey AS o, 1 + pick(l_orderkey, 13, min(customers)) AS customer,
      CASE WHEN min(l_linestatus) = 'O' THEN 'O' WHEN max(l_linestatus) = 'F' THEN 'F' ELSE 'P' END AS status,
      sum((l_extendedprice * (1 + l_tax) * (1 - l_discount))::numeric(15, 2)) AS total
    FROM lineitem, size WHERE l_orderkey BETWEEN first_key AND last_key GROUP BY l_orderkey) AS lines;
$$;
