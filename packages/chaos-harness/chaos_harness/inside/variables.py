"""The variables with which the derived wiring configures the handler."""

PRODUCT_HANDLER = "CHAOS_HANDLER"
FACTOR = "CHAOS_PACE"
MUTANT = "CHAOS_MUTANT"
PRODUCT = "CHAOS_PRODUCT"
MODEL_ENDPOINT = "CHAOS_MODEL_ENDPOINT"
