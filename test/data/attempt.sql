-- attempt(statement): runs it, and returns how it ended, for cases that want many errors in few lines.
CREATE FUNCTION attempt(statement text) RETURNS TABLE(sqlstate text, message text, detail text, hint text) LANGUAGE plpgsql AS $$
DECLARE
    m text; d text; h text; s text;
BEGIN
    EXECUTE statement;
    RETURN QUERY SELECT '00000'::text, 'no error'::text, ''::text, ''::text;
EXCEPTION WHEN others OR query_canceled THEN
    GET STACKED DIAGNOSTICS s = RETURNED_SQLSTATE, m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
    RETURN QUERY SELECT s, m, d, h;
END $$;
