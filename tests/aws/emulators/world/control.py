"""`/world/…`: what tests set and ask beside AWS's own API. Every request names an account."""

import json
from urllib.parse import parse_qs

from moto.ec2.models import ec2_backends

from .account import accounts


class Controlled:
    """A WSGI application in front of AWS's."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "")
        if not path.startswith("/world"):
            return self.application(environ, start_response)
        try:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            request = json.loads(body) if body else {k: v[0] for k, v in parse_qs(environ["QUERY_STRING"]).items()}
            status, answer = "200 OK", ROUTES[environ["REQUEST_METHOD"], path](request)
        except Exception as error:
            status, answer = "400 Bad Request", {"error": f"{type(error).__name__}: {error}"}
        text = json.dumps(answer).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
        return [text]


def health(_):
    return {"status": "ok"}


def calls(request):
    return list(accounts[request["account"]]._calls)


def effects(request):
    return list(accounts[request["account"]]._effects)


def forget(request):
    """Forgets calls and effects: what a test has set up is not what it asks about."""
    account = accounts[request["account"]]
    with account._lock:
        account._calls.clear()
        account._effects.clear()
    return {}


def settings(request):
    accounts[request["account"]].set(request["settings"])
    return {}


def launch(request):
    """EC2 instances with any tags, also those that only AWS may set, as an Auto Scaling group does."""
    backend = ec2_backends[request["account"]][request["region"]]
    reservation = backend.run_instances(
        "ami-12c6146b",
        request["count"],
        None,
        [],
        region_name=request["region"],
        instance_type="t3.micro",
        placement=request.get("zone"),
        is_instance_type_default=False,
        lifecycle=request.get("lifecycle"),
    )
    for instance in reservation.instances:
        instance.add_tags(request["tags"])
    return [seen(instance, request) for instance in reservation.instances]


def instances(request):
    backend = ec2_backends[request["account"]][request["region"]]
    return [seen(instance, request) for instance in backend.all_instances()]


def seen(instance, request):
    return {
        "id": instance.id,
        "arn": f"arn:aws:ec2:{request['region']}:{request['account']}:instance/{instance.id}",
        "state": instance._state.name,
        "zone": instance.placement.availability_zone,
        "tags": {tag["key"]: tag["value"] for tag in instance.get_tags()},
    }


ROUTES = {
    ("GET", "/world"): health,
    ("GET", "/world/calls"): calls,
    ("GET", "/world/effects"): effects,
    ("POST", "/world/forget"): forget,
    ("POST", "/world/settings"): settings,
    ("POST", "/world/instances"): launch,
    ("GET", "/world/instances"): instances,
}
