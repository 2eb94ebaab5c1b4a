"""The handler of every function of a chaos run: sets the pace, applies the mutant, calls the product's handler.

The wiring of a run names this handler, and the product's handler in an environment variable.
"""

import importlib
import os
from pathlib import Path
from typing import Any

from chaos_harness import product
from chaos_harness.inside.variables import FACTOR, MODEL_ENDPOINT, MUTANT, PRODUCT, PRODUCT_HANDLER, TENANT_HEADER

# Part of the User-Agent of every request: the proxy reads the process from it, and the harness kills that process.
os.environ["AWS_SDK_UA_APP_ID"] = f"{os.environ['AWS_LAMBDA_FUNCTION_NAME'].rpartition('-')[2]}-{os.getpid()}"
if MODEL_ENDPOINT in os.environ:  # after the address that the local stack has set
    os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] = os.environ[MODEL_ENDPOINT]

_product = product.load(Path(os.environ[PRODUCT]))
_product.set_pace(float(os.environ[FACTOR]))
if os.environ.get(MUTANT):
    _product.MUTANTS[os.environ[MUTANT]].apply()

_module, _, _name = os.environ[PRODUCT_HANDLER].rpartition(".")
_handler = getattr(importlib.import_module(_module.replace("/", ".")), _name)


def handler(event: Any, context: Any) -> Any:
    """Call the product's handler, for the tenant that a client of the harness names."""
    if isinstance(event, dict) and (tenant := (event.get("headers") or {}).get(TENANT_HEADER)):
        _product.as_tenant(event, tenant)
    return _handler(event, context)
