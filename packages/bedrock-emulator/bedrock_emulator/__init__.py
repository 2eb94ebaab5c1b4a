"""A stand-alone emulator of the Amazon Bedrock runtime API. It is not Amazon Bedrock.

Reading order: service_model -> request_parsing -> rules -> conversation_rules -> composing -> answers -> emulator ->
server -> port.
Other tools use `running` (a process for tests), `plan` (injected faults) and `sample` (values for a JSON schema).
"""

VERSION = "0.1.0"
EMULATOR = f"bedrock-emulator/{VERSION}"
