"""The WSGI application: control in front, then the record of calls, then moto with our FIS and RDS."""

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from . import fis, rds
from .calls import Recorded
from .control import Controlled


def application():
    fis.extend()
    rds.extend()
    return Controlled(Recorded(DomainDispatcherApplication(create_backend_app)))
