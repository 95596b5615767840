-- One round of changes: as many orders added and deleted as `share` of them
-- are, with their lines, as the refresh functions RF1 and RF2 do; and updates.
CREATE FUNCTION change(turn bigint, share double precision) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  -- Salts of one turn lie together.
  salt bigint := turn * 1000;
  n bigint := greatest(1, round(share * (SELECT count(*) FROM orders)));
  last_key bigint := (SELECT max(o_orderkey) FROM orders);
  leaving bigint[] := ARRAY(SELECT o_orderkey FROM orders
    ORDER BY pick(o_orderkey, salt + 1, 1 << 30), o_orderkey LIMIT n);
  most size;
BEGIN
  SELECT * INTO most FROM size;
  PERFORM add_orders(last_key + 1, last_key + n);
  DELETE FROM lineitem WHERE l_orderkey = ANY (leaving);
  DELETE FROM orders WHERE o_orderkey = ANY (leaving);

  UPDATE lineitem SET l_quantity = quantity, l_discount = money(l_orderkey, salt + 3, 0, 10),
    l_extendedprice = (l_extendedprice / l_quantity * quantity)::numeric(15, 2)
  FROM (SELECT DISTINCT l_orderkey AS o FROM lineitem WHERE pick(l_orderkey, salt + 2, 1000000) < share * 250000) AS c,
    LATERAL (SELECT 1 + pick(o, salt + 4, 50) AS quantity) AS q
  WHERE l_orderkey = o;

  UPDATE lineitem SET l_shipdate = l_shipdate + days, l_receiptdate = l_receiptdate + days,
    l_returnflag = CASE WHEN l_receiptdate + days > '1995-06-17' THEN 'N'
      WHEN l_returnflag = 'N' THEN 'R' ELSE l_returnflag END,
    l_linestatus = CASE WHEN l_shipdate + days > '1995-06-17' THEN 'O' ELSE 'F' END,
    l_shipmode = one_of(modes, l_orderkey, salt + 6)
  FROM vocabulary, (SELECT DISTINCT l_orderkey AS o FROM lineitem
      WHERE pick(l_orderkey, salt + 5, 1000000) < share * 250000) AS c,
    LATERAL (SELECT pick(o, salt + 7, 41)::int - 20 AS days) AS d
  WHERE l_orderkey = o;

  UPDATE orders SET o_orderpriority = one_of(priorities, o_orderkey, salt + 11),
    o_comment = sentence(words, o_orderkey, salt + 12)
  FROM vocabulary WHERE pick(o_orderkey, salt + 10, 1000000) < share * 500000;

  UPDATE customer SET c_acctbal = money(c_custkey, salt + 21, -99999, 999999),
    c_mktsegment = one_of(segments, c_custkey, salt + 22)
  FROM vocabulary WHERE c_custkey IN (SELECT 1 + pick(i, salt + 20, most.customers)
    FROM generate_series(1, ceil(share / 2 * most.customers)::int) i);

  UPDATE part SET p_size = one_of(sizes, p_partkey, salt + 31),
    p_container = one_of(container_1, p_partkey, salt + 32) || ' ' || one_of(container_2, p_partkey, salt + 33),
    p_brand = 'Brand#' || one_of(brands, p_partkey, salt + 34)
  FROM vocabulary WHERE p_partkey IN (SELECT 1 + pick(i, salt + 30, most.parts)
    FROM generate_series(1, ceil(share / 2 * most.parts)::int) i);

  UPDATE partsupp SET ps_supplycost = money(ps_partkey, salt + 41, 100, 100000),
    ps_availqty = 1 + pick(ps_partkey, salt + 42, 9999)
  WHERE (ps_partkey, ps_suppkey) IN (
    SELECT part, supplier_of(part, pick(i, salt + 43, 4), most.suppliers)
    FROM generate_series(1, ceil(share * 2 * most.parts)::int) i,
      LATERAL (SELECT 1 + pick(i, salt + 40, most.parts) AS part) AS p);

  UPDATE supplier SET s_acctbal = money(s_suppkey, salt + 51, -99999, 999999),
    s_comment = sentence(words, s_suppkey, salt + 52)
      || CASE WHEN pick(s_suppkey, salt + 53, 10) = 0 THEN ' Customer slow Complaints' ELSE '' END
  FROM vocabulary WHERE s_suppkey IN (SELECT 1 + pick(i, salt + 50, most.suppliers)
    FROM generate_series(1, ceil(share / 2 * most.suppliers)::int) i);
END $$;
