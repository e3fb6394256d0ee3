-- Run by the image when it makes a cluster, in the database POSTGRES_DB.
CREATE EXTENSION IF NOT EXISTS pg_cerebro;
