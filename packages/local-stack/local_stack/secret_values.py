"""What the secrets hold: the database's own password for its owner, and a password of its own for every other.

All come from the database's password, which a data directory keeps: so they are the same at every start.
"""

import hashlib
import json

from local_stack import resources as r
from local_stack.allocation import Allocation
from local_stack.wiring import secret_arn

UNTOLD = "[secret]"


def secret_values(ground: Allocation) -> dict[str, str]:
    """By the secrets' logical names. One whose value the wiring does not give is the owner's."""
    wiring = ground.wiring
    owner = ground.database.username if ground.database else "admin"
    owners = json.dumps({"username": owner, "password": UNTOLD})
    given = {version.secret_id: version.secret_string for version in wiring.of_type(r.SecretVersion).values()}
    values = {}
    for name, secret in wiring.of_type(r.Secret).items():
        value = given.get(secret_arn(wiring.region, secret.name), owners)
        of_owner = f'"{owner}"' in value
        password = ground.password if of_owner else hashlib.sha256(f"{ground.password}/{name}".encode()).hexdigest()
        values[name] = value.replace(UNTOLD, password)
    return values
