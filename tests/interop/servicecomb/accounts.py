"""A server that asks for accounts, and one account that may do everything in the application `shop`."""

from pathlib import Path

import grpc
import httpx
from muster.admin.v1 import access_service_pb2 as access
from muster.admin.v1 import access_service_pb2_grpc
from program import Program, start

ROOT, PASSWORD = "root", "Root!123456"
CLERK = ("clerk", "Clerk!123456")


def guarded(data_dir: Path) -> Program:
    """Start it, and make its administrator, a role and the account as a console does."""
    server = start(data_dir, "--auth")
    with grpc.insecure_channel(server.grpc) as channel:
        first = access.CreateFirstUserRequest(user=ROOT, password=PASSWORD)
        access_service_pb2_grpc.AccessServiceStub(channel).CreateFirstUser(first)
    resources = [{"type": name, "labels": {"appId": "shop"}} for name in ("service", "service/schema")]
    with httpx.Client(base_url=f"http://{server.http}") as console:
        token = console.post("/v4/token", json={"name": ROOT, "password": PASSWORD}).raise_for_status().json()["token"]
        console.headers["authorization"] = f"Bearer {token}"
        console.post("/v4/roles", json={"name": "shop", "perms": [{"resources": resources, "verbs": ["*"]}]}).raise_for_status()
        account = {"name": CLERK[0], "password": CLERK[1], "roles": ["shop"]}
        console.post("/v4/accounts", json=account).raise_for_status()
    return server
