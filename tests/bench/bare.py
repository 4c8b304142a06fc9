"""What the service is held against: Flask, gunicorn and orjson. It parses the body, and the answer is constant."""

from __future__ import annotations

import orjson
from flask import Flask, Response, request

ANSWER = {"cards": []}
application = Flask("bare", static_folder=None)


@application.post("/cds-services/<identity>")
def answer(**_: str) -> Response:
    orjson.loads(request.get_data(cache=False))
    return Response(orjson.dumps(ANSWER), content_type="application/json")
