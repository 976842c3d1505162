"""A model that takes as many seconds as the caller asks for, and answers with what else it was sent."""

import time

from mms.context import Context

ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


def handle(data: list[dict[str, bytes]] | None, context: Context) -> list[str] | None:
    if data is None:
        return None
    time.sleep(float(bytes(data[0]["body"])))
    context.set_response_header(0, ATTRIBUTES, context.get_request_header(0, ATTRIBUTES) or "none")
    context.set_response_content_type(0, "text/plain")
    return ["|".join(str(context.get_request_header(0, name)) for name in ("Content-Type", "Accept"))]
