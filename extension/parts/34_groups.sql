-- Runs over groups: what came of each group. Training itself is cerebro.fit_multiple_model() on a table that is packed by group.

CREATE FUNCTION cerebro.group_leaderboard(model_output_table text, OUT rank bigint, OUT "group_id" bigint, OUT group_key json, OUT status text,
        OUT chosen text, OUT mst_key integer, OUT compile_params text, OUT fit_params text, OUT metric text, OUT value double precision,
        OUT loss double precision, OUT global_value double precision, OUT group_rows bigint, OUT validation_rows bigint, OUT seconds double precision,
        OUT reason text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pg_cerebro_group_leaderboard' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION cerebro.group_leaderboard(text) IS
    'the groups of a run over groups, best first: the best configuration of each, its metric, and the status and the reason of those without one';
