"""A real JVM with a real jar, as Java teams deploy them."""

import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest
from delivery_world import populated
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.delivery.v1 import deployment_pb2

from agent.apps import artifact, do, is_alive, nothing_left, pids, web_spec

SUCCEEDED = deployment_pb2.JOB_STATE_SUCCEEDED
WEB = """
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

public class Web {
    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(System.getenv("PORT"));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", exchange -> {
            byte[] body = "RELEASE".getBytes();
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        System.out.println("RELEASE listens on " + port);
    }
}
"""


def jar(directory: Path, release: str) -> Path:
    """A jar that can be run, and answers HTTP with the name of its release."""
    if not (shutil.which("java") and shutil.which("javac") and shutil.which("jar")):
        pytest.skip("there is no JDK here: java, javac and jar are needed")
    place = directory / release
    place.mkdir()
    (place / "Web.java").write_text(WEB.replace("RELEASE", release))
    subprocess.run(["javac", "Web.java"], cwd=place, check=True, timeout=120)
    classes = sorted(path.name for path in place.glob("*.class"))
    subprocess.run(["jar", "--create", "--file", "web.jar", "--main-class", "Web", *classes], cwd=place, check=True, timeout=120)
    return place / "web.jar"


def jar_spec(version: str, path: Path) -> deployment_pb2.DeploymentSpec:
    return web_spec(version, path, command=["java", "-jar", "web.jar"], artifacts={"web": artifact(path)})


@pytest.mark.slow
async def test_jar_runs_is_ready_is_read_and_is_upgraded(tmp_path: Path) -> None:
    with nothing_left(tmp_path):
        async with populated(agent=True, data_dir=tmp_path / "data") as made:

            async def seen(deployment: deployment_pb2.Deployment) -> tuple[deployment_pb2.Deployment, str, list[str]]:
                """What there is now, what it answers, and the last line that it wrote."""
                found = await made.get(deployment)
                (replica,) = found.replica_states
                assert replica.state == deployment_pb2.REPLICA_STATE_READY
                with urllib.request.urlopen(f"http://127.0.0.1:{replica.port}/", timeout=10) as answer:  # noqa: ASYNC210  # ours
                    body = answer.read().decode()
                read = made.stub.ReadLogs(wire.ReadLogsRequest(id=deployment.id, tail_lines=1))
                return found, body, [chunk.data.decode() async for chunk in read]

            first = await made.create(replicas=1, spec=jar_spec("1.0.0", jar(tmp_path, "one")))
            await made.job(first.last_job_id, SUCCEEDED)
            before, body, lines = await seen(first)
            upgrade = wire.UpgradeDeploymentRequest(id=first.id, spec=jar_spec("2.0.0", jar(tmp_path, "two")))
            await do(made, "UpgradeDeployment", upgrade)
            after, new_body, new_lines = await seen(first)
            await do(made, "DeleteDeployment", wire.DeleteDeploymentRequest(id=first.id))

            assert (body, lines) == ("one", [f"one listens on {before.replica_states[0].port}\n"])
            assert (new_body, new_lines) == ("two", [f"two listens on {after.replica_states[0].port}\n"])
            assert [one.version for one in after.replica_states] == ["2.0.0"]
            assert not any(map(is_alive, (*pids(before), *pids(after))))
