-- Nothing is open that is not named here. Each function that acts checks the
-- rights of its caller on the stream table.
REVOKE ALL ON ALL ROUTINES IN SCHEMA pgtrickle FROM PUBLIC;

GRANT EXECUTE ON FUNCTION
  pgtrickle.create_stream_table, pgtrickle.create_stream_table_if_not_exists,
  pgtrickle.alter_stream_table, pgtrickle.drop_stream_table,
  pgtrickle.refresh_stream_table, pgtrickle.resume_stream_table, pgtrickle.set_stream_table_sla,
  pgtrickle.validate_query, pgtrickle.explain_st, pgtrickle.ping,
  pgtrickle.pgt_status, pgtrickle.pending_calls, pgtrickle.get_refresh_history,
  pgtrickle.get_staleness, pgtrickle.dependency_tree, pgtrickle.version
  TO PUBLIC;

-- What these are made of, and runs with the caller's own rights or tells
-- nothing that is not his to know.
GRANT EXECUTE ON FUNCTION
  pgtrickle._relay, pgtrickle._internal_refresh, pgtrickle._only_value, pgtrickle._may_write,
  pgtrickle._begin_program, pgtrickle._end_program, pgtrickle._settle, pgtrickle._stage, pgtrickle._stage_window,
  pgtrickle._run, pgtrickle._number, pgtrickle._weight, pgtrickle._cost,
  pgtrickle._relation_name,
  pgtrickle._stream_table_id, pgtrickle._staleness
  TO PUBLIC;
