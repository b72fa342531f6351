"""Every call that arrives: which service and operation, of which account, and whether it may change something."""

import io
import re
import time
from urllib.parse import parse_qs, unquote

from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.request import Request
from moto.core.responses import BaseResponse
from moto.core.routing import get_service_router

from .account import accounts

CREDENTIAL = re.compile(r"Credential=(?P<key>[^/,\s]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
ACCOUNT_KEY = re.compile(r"^AKIA(\d{12})TEST$")
# AWS names its operations so that these change nothing.
READING = re.compile(r"^(Describe|List|Get|Head|BatchGet|Query|Scan|Search|Lookup|Simulate|AssumeRole|Decode)")
NOT_READING = {"GetFederationToken"}

moto_account = BaseResponse.get_current_account


def account_of(response):
    """Access keys that name their account are of that account. Others are whose moto says."""
    found = CREDENTIAL.search(response.headers.get("Authorization", ""))
    named = ACCOUNT_KEY.match(found["key"]) if found else None
    return named[1] if named else moto_account(response)


BaseResponse.get_current_account = account_of


class Recorded:
    """A WSGI application whose calls are remembered."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        found = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        service = found["service"] if found else "unsigned"
        operation = operation_of(environ, service, body)
        call = {
            "at": time.time(),
            "service": service,
            "operation": operation,
            "path": unquote(environ.get("PATH_INFO", "")),
            "region": found["region"] if found else "",
            "mutating": is_mutating(operation),
            "agent": environ.get("HTTP_USER_AGENT", ""),
            "status": 0,
        }
        key = found["key"] if found else ""
        named = ACCOUNT_KEY.match(key)
        accounts[named[1] if named else moto_account_by(key)].called(call)

        def started(status, headers, exc_info=None):
            call["status"] = int(status.split()[0])
            return start_response(status, headers, exc_info)

        try:
            return self.application(environ, started)
        except Exception:
            call["status"] = 500
            raise


def moto_account_by(key):
    from moto.iam.models import get_account_id_from

    return get_account_id_from(key) if key else DEFAULT_ACCOUNT_ID


def is_mutating(operation):
    return operation in NOT_READING or not READING.match(operation)


def operation_of(environ, service, body):
    """The operation's name; what can't be told is told by method and path, and so counts as mutating."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return target.split(".")[-1]
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        if action := parse_qs(body.decode("utf-8", "replace")).get("Action"):
            return action[0]
    path = unquote(environ.get("PATH_INFO", ""))
    if found := re.match(r"^/service/[^/]+/operation/(\w+)$", path):
        return found[1]
    try:
        operation, _ = get_service_router(service).match(Request(environ.copy()))
        return operation.name
    except Exception:
        return f"{environ.get('REQUEST_METHOD')} {path}"
