-- A refresh in parts, by a procedure that commits. It has no SET clause: such a procedure may not commit.

CREATE PROCEDURE cerebro.refresh_in_parts(model_output_table text, source_table text DEFAULT NULL, drop_vanished boolean DEFAULT false,
        start_from text DEFAULT 'initial', groups_at_once bigint DEFAULT 1000)
    LANGUAGE C AS 'MODULE_PATHNAME', 'pg_cerebro_refresh_in_parts';
COMMENT ON PROCEDURE cerebro.refresh_in_parts(text, text, boolean, text, bigint) IS
    'refreshes as cerebro.refresh does, so many groups at a time, with a commit behind each part; the same call goes on from the last commit';
