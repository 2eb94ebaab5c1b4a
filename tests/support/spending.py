"""The spending of the current day, as tests read it."""

from decimal import Decimal
from typing import NamedTuple

from pipeline.platform.postgres import Postgres

SPENT = """
SELECT coalesce(sum(usd) FILTER (WHERE tenant_id <> ''), 0) AS tenant,
       coalesce(sum(usd) FILTER (WHERE tenant_id = ''), 0) AS stage
FROM daily_spend WHERE day = (now() AT TIME ZONE 'UTC')::date AND tenant_id IN ('', :tenant_id)
"""


class Spending(NamedTuple):
    """US dollars spent and reserved today."""

    tenant: Decimal
    stage: Decimal


def spent_today(postgres: Postgres, tenant_id: str) -> Spending:
    """The spending of a tenant and of the stage in PostgreSQL."""
    (row,) = postgres.run(SPENT, tenant_id, tenant_id=tenant_id)
    return Spending(**row)
