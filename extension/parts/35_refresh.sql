-- A run over groups brought up to date with its source.
CREATE FUNCTION cerebro.refresh(model_output_table text, source_table text DEFAULT NULL, drop_vanished boolean DEFAULT false,
        start_from text DEFAULT 'initial', global_model boolean DEFAULT false, OUT added_groups bigint, OUT changed_groups bigint, OUT vanished_groups bigint, OUT unchanged_groups bigint, OUT trained_groups bigint,
        OUT skipped_groups bigint, OUT failed_groups bigint, OUT seconds double precision) RETURNS record
    AS 'MODULE_PATHNAME', 'pg_cerebro_refresh' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET extra_float_digits = 1;
COMMENT ON FUNCTION cerebro.refresh(text, text, boolean, text, boolean) IS
    'packs and trains the groups of a run again whose rows have changed, and new ones; all other models keep their bytes';
