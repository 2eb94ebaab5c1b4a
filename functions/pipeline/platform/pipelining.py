"""Two statements in one round trip and one transaction: one that prepares, such as a lock, and one that has the rows.

In PostgreSQL's extended query protocol the commands before one Sync form one implicit transaction
(https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-PIPELINING). A tenant set locally in it ends with
it: on success, on an error, and when the connection breaks. So no statement finds another request's tenant. The second
statement sees what was committed while the first one waited.

pg8000 has no public function for this. What is used of its internals is in this module alone, and its version is
pinned; ``tests/integration/test_round_trips.py`` fails if a release changes them.
"""

from pg8000 import core, native

from pipeline.platform.rows import Row, named_rows

SET_TENANT = "SELECT FROM set_config('app.tenant', CAST(:tenant AS text), true) OFFSET 1"
"""Sets the tenant of the transaction. OFFSET drops the row, so that the only rows are those of the statement after."""


def run_after(
    connection: native.Connection,
    first: native.PreparedStatement,
    first_values: tuple[str, ...],
    statement: native.PreparedStatement,
    parameters: dict[str, object],
) -> list[Row]:
    """The rows of a prepared statement that runs after another one, which has no rows. Raises pg8000's errors."""
    values = core.make_params(connection.py_types, statement.make_vals(parameters))  # first: it may raise
    context = core.Context(statement.statement, columns=statement.cols, input_funcs=statement.input_funcs)
    connection.send_BIND(first.name_bin, first_values)
    connection.send_EXECUTE()
    connection.send_BIND(statement.name_bin, values)
    connection.send_EXECUTE()
    core._write(connection._sock, core.SYNC_MSG)
    core._flush(connection._sock)
    connection.handle_messages(context)
    return named_rows(context.columns, context.rows or [])
