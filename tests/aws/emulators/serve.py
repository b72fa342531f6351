"""Starts one emulator on a free port of the loopback and ends it with its starter.

    serve.py world
    serve.py ministack
    serve.py microburst http://127.0.0.1:UPSTREAM

The first line of output is the address. Standard input is a pipe that the starter holds and never writes to: when
the starter is gone, however it went, the pipe is closed and so is this.
"""

import os
import re
import socket
import sys
import threading


def end_with_starter():
    def watch():
        while os.read(0, 1024):
            pass
        os._exit(0)

    threading.Thread(target=watch, name="end-with-starter", daemon=True).start()


def free_socket():
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def world(listener, address):
    from werkzeug.serving import make_server

    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from world.app import application

    class QuietHandler(MotoRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, code="-", size="-"):
            pass  # Every call is in /world/calls.

    port = listener.getsockname()[1]
    server = make_server(
        "127.0.0.1", port, application(), threaded=True, request_handler=QuietHandler, fd=listener.fileno()
    )
    server.daemon_threads = True
    print(address, flush=True)
    server.serve_forever()


def ministack(listener, address):
    os.environ.update(
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(listener.getsockname()[1]),
        IOT_MTLS_ENABLED="0",
        PERSIST_STATE="0",
        DOCKER_HOST="unix:///nonexistent",
    )
    import asyncio

    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    from ministack.app import app

    async def by_account(scope, receive, send):
        """Access keys name their account (AKIA…TEST); ministack takes the bare twelve digits for that."""
        if "headers" in scope:
            bare = [(name, re.sub(rb"Credential=AKIA(\d{12})TEST/", rb"Credential=\1/", v)) for name, v in scope["headers"]]
            scope = {**scope, "headers": bare}
        await app(scope, receive, send)

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    print(address, flush=True)
    asyncio.run(serve(by_account, config))


def microburst(listener, address, upstream):
    from aiohttp import web

    from microburst.app import Microburst, make_app

    print(address, flush=True)
    web.run_app(make_app(Microburst(upstream, resign=False)), sock=listener, print=None, handle_signals=False)


def main():
    end_with_starter()
    emulator, *arguments = sys.argv[1:]
    listener = free_socket()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    {"world": world, "ministack": ministack, "microburst": microburst}[emulator](listener, address, *arguments)


if __name__ == "__main__":
    main()
