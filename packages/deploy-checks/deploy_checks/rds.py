"""PostgreSQL on RDS: the rights of the master user, and the available extensions."""

MASTER = """
CREATE ROLE rds_superuser NOLOGIN;
CREATE ROLE rds_iam NOLOGIN;
GRANT pg_monitor, pg_signal_backend, pg_checkpoint, pg_read_all_data, pg_write_all_data TO rds_superuser;
CREATE ROLE {master} LOGIN CREATEDB CREATEROLE PASSWORD '{password}';
GRANT rds_superuser TO {master} WITH ADMIN OPTION;
ALTER DATABASE {database} OWNER TO {master};
"""
"""The master user is not a superuser: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.html"""

EXTENSIONS = frozenset(
    """
    address_standardizer amcheck autoinc aws_commons aws_lambda aws_s3 bloom bool_plperl btree_gin btree_gist citext
    cube dblink dict_int dict_xsyn earthdistance fuzzystrmatch h3 hll hstore hstore_plperl hypopg insert_username intagg
    intarray ip4r isn jsonb_plperl lo ltree moddatetime mysql_fdw oracle_fdw orafce pageinspect pg_bigm pg_buffercache
    pg_cron pg_freespacemap pg_hint_plan pg_partman pg_prewarm pg_proctab pg_repack pg_similarity pg_stat_statements
    pg_tle pg_transport pg_trgm pg_visibility pg_walinspect pgactive pgaudit pgcrypto pglogical pgrouting pgrowlocks
    pgstattuple pgtap plperl plpgsql plprofiler pltcl plv8 postgis postgis_raster postgis_tiger_geocoder
    postgis_topology postgres_fdw prefix rdkit rds_tools refint seg sslinfo tablefunc tcn tds_fdw tsm_system_rows
    tsm_system_time unaccent uuid-ossp vector
    """.split()  # noqa: SIM905 - eighty names
)
"""Extensions that RDS supports, as of 2026-11 and from general knowledge. AWS's list, by version, is
https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-extensions.html"""
