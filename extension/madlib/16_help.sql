-- Texts of help. A function has a row here for each text: '' is its summary, 'usage' its arguments and tables.

CREATE FUNCTION @madlib@._help(function_name text, message text, summary text, usage text) RETURNS varchar
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN btrim(COALESCE($2, '')) = '' THEN
                    $3 || E'\n\nFor usage:\n    SELECT @madlib@.' || $1 || E'(''usage'');'
                WHEN lower(btrim($2)) IN ('usage', 'help', '?') THEN $4
                ELSE 'No such option. Use "SELECT @madlib@.' || $1 || '()" for help.' END::varchar
$$;
COMMENT ON FUNCTION @madlib@._help(text, text, text, text) IS 'internal: the text of help that a message asks for';
