"""Everything that PostgreSQL lets a role do, read from its catalog. Much of it is granted to PUBLIC by default."""

from typing import Any

from pipeline.platform.postgres import Postgres

Rights = dict[str, Any]

WHOLE = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")
BY_COLUMN = ("SELECT", "INSERT", "UPDATE", "REFERENCES")

TABLES = """
SELECT CASE WHEN c.relnamespace = 'public'::regnamespace THEN c.relname ELSE c.oid::regclass::text END AS name,
       privilege, has_table_privilege(:role, c.oid, privilege) AS whole,
       array(SELECT attname::text FROM pg_attribute
             WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
               AND CASE WHEN privilege = ANY (:by_column) THEN has_column_privilege(:role, c.oid, attnum, privilege) END
             ORDER BY attname) AS columns
FROM pg_class c, unnest(CAST(:privileges AS text[])) AS privilege
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f')
  -- Everyone may read the catalog; more than that is listed.
  AND NOT (privilege = 'SELECT'
           AND c.relnamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace))
ORDER BY 1, 2
"""

OTHERS = {
    "database": "SELECT p AS name FROM unnest(ARRAY['CONNECT', 'CREATE', 'TEMPORARY']) p"
    " WHERE has_database_privilege(:role, current_database(), p)",
    "schemas": "SELECT nspname || ' ' || p AS name FROM pg_namespace, unnest(ARRAY['CREATE', 'USAGE']) p"
    " WHERE has_schema_privilege(:role, oid, p)",
    "sequences": "SELECT relname || ' ' || p AS name FROM pg_class, unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) p"
    " WHERE relkind = 'S' AND has_sequence_privilege(:role, oid, p)",
    "functions": "SELECT oid::regprocedure::text AS name FROM pg_proc"
    " WHERE pronamespace = 'public'::regnamespace AND has_function_privilege(:role, oid, 'EXECUTE')",
    "languages": "SELECT lanname AS name FROM pg_language"
    " WHERE lanpltrusted AND has_language_privilege(:role, oid, 'USAGE')",  # of others, only a superuser makes use
    "tablespaces": "SELECT spcname AS name FROM pg_tablespace WHERE has_tablespace_privilege(:role, oid, 'CREATE')",
    "parameters": "SELECT parname || ' ' || p AS name FROM pg_parameter_acl, unnest(ARRAY['SET', 'ALTER SYSTEM']) p"
    " WHERE has_parameter_privilege(:role, parname, p)",
    "foreign": "SELECT fdwname AS name FROM pg_foreign_data_wrapper"
    " WHERE has_foreign_data_wrapper_privilege(:role, oid, 'USAGE')",
    "memberships": "SELECT rolname AS name FROM pg_roles WHERE pg_has_role(:role, oid, 'MEMBER') AND rolname <> :role",
    "attributes": "SELECT a.key AS name FROM pg_roles, jsonb_each_text(to_jsonb(pg_roles)) a"
    " WHERE rolname = :role AND a.key LIKE 'rol%' AND a.value = 'true'"
    " AND a.key <> 'rolcanlogin'",  # the migrator enables it
    "owned": "SELECT objid::text AS name FROM pg_shdepend JOIN pg_roles ON refobjid = pg_roles.oid"
    " WHERE rolname = :role AND deptype = 'o'",
}

VOLATILE = """
SELECT DISTINCT proname::text AS name FROM pg_proc
WHERE pronamespace <> 'public'::regnamespace AND provolatile = 'v' AND has_function_privilege(:role, oid, 'EXECUTE')
ORDER BY 1
"""
"""Functions of PostgreSQL that may have an effect."""


def rights_of(owner: Postgres, role: str) -> Rights:
    """The role's rights: by table and privilege, the columns or ``*``; of other kinds, the names."""
    tables: dict[str, dict[str, Any]] = {}
    for row in owner.run(TABLES, role=role, privileges=list(WHOLE), by_column=list(BY_COLUMN)):
        if row["whole"] or row["columns"]:
            tables.setdefault(row["name"], {})[row["privilege"]] = "*" if row["whole"] else row["columns"]
    others = {kind: sorted(row["name"] for row in owner.run(query, role=role)) for kind, query in OTHERS.items()}
    return {**others, "tables": tables}


def volatile_functions(owner: Postgres, role: str) -> list[str]:
    """The names of PostgreSQL's own functions that may have an effect and that the role may call."""
    return [row["name"] for row in owner.run(VOLATILE, role=role)]
