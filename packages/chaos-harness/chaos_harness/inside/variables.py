"""Environment variables that configure the handler, and the header that names a tenant."""

PRODUCT_HANDLER = "CHAOS_HANDLER"
FACTOR = "CHAOS_PACE"
MUTANT = "CHAOS_MUTANT"
PRODUCT = "CHAOS_PRODUCT"
MODEL_ENDPOINT = "CHAOS_MODEL_ENDPOINT"
TENANT_HEADER = "x-chaos-tenant"
