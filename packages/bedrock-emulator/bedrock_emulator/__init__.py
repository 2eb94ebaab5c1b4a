"""A stand-alone emulator of the Amazon Bedrock runtime API. It is not Amazon Bedrock.

Reading order: service_model -> request_parsing -> conversation_rules -> answering -> server.
"""

VERSION = "0.1.0"
EMULATOR = f"bedrock-emulator/{VERSION}"
