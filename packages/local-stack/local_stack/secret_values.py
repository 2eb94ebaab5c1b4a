"""Values of the secrets: the database owner's password for its owner, and a separate password for every other.

All come from the database's password, which a data directory keeps: so they are the same at every start.
"""

import hashlib
import json

from local_stack import resources as r
from local_stack.allocation import Allocation
from local_stack.wiring import secret_arn

PLACEHOLDER = "[secret]"


def secret_values(allocation: Allocation) -> dict[str, str]:
    """By the secrets' logical names. One whose value the wiring does not give is the owner's."""
    wiring = allocation.wiring
    owner = allocation.database.username if allocation.database else "admin"
    owners = json.dumps({"username": owner, "password": PLACEHOLDER})
    given = {version.secret_id: version.secret_string for version in wiring.of_type(r.SecretVersion).values()}
    values = {}
    for name, secret in wiring.of_type(r.Secret).items():
        value = given.get(secret_arn(wiring.region, secret.name), owners)
        of_owner = f'"{owner}"' in value
        password = (
            allocation.password if of_owner else hashlib.sha256(f"{allocation.password}/{name}".encode()).hexdigest()
        )
        values[name] = value.replace(PLACEHOLDER, password)
    return values
