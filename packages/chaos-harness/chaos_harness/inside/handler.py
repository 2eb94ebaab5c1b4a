"""The handler of every function of a chaos run: sets the pace, applies the mutant, calls the product's handler.

The product's code does not know of it: the derived wiring names this handler, and the product's own in a variable.
"""

import importlib
import os
from pathlib import Path
from typing import Any

from chaos_harness import product
from chaos_harness.inside.variables import FACTOR, MODEL_ENDPOINT, MUTANT, PRODUCT, PRODUCT_HANDLER

# In every request's User-Agent, so that the proxy knows which process it comes from, and the harness which one to kill.
os.environ["AWS_SDK_UA_APP_ID"] = f"{os.environ['AWS_LAMBDA_FUNCTION_NAME'].rpartition('-')[2]}-{os.getpid()}"
if MODEL_ENDPOINT in os.environ:  # the stack sets its own last
    os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] = os.environ[MODEL_ENDPOINT]

_product = product.load(Path(os.environ[PRODUCT]))
_product.set_pace(float(os.environ[FACTOR]))
if os.environ.get(MUTANT):
    _product.MUTANTS[os.environ[MUTANT]].apply()

_module, _, _name = os.environ[PRODUCT_HANDLER].rpartition(".")
_handler = getattr(importlib.import_module(_module.replace("/", ".")), _name)


def handler(event: Any, context: Any) -> Any:
    """The product's answer."""
    return _handler(event, context)
