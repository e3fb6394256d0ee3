-- At every update, because functions that are replaced lose it.
-- Functions that return rows of tables: the session's own process must run them, wherever in a query they stand. (Others that read tables are for
-- the list of a SELECT without FROM, which runs there anyway; state_tensors reads its argument alone and may run on segments.)
DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT p.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
             WHERE n.nspname = 'cerebro' AND p.proretset AND p.proname !~ '^_' AND p.proname <> 'state_tensors' LOOP
        EXECUTE 'ALTER FUNCTION ' || f || ' EXECUTE ON INITPLAN';
    END LOOP;
END $$;
