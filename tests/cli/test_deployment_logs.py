"""`muster app logs -f` where agents come and go: a real process, and an agent that does what the test says."""

import asyncio
from typing import Any

from delivery_world import World, populated
from muster.delivery.v1 import agent_service_pb2 as agents
from rpc.test_agents import HELLO, ScriptedAgent, replica

from cli.running_cli import interrupt, program


async def says(agent: ScriptedAgent, line: str) -> agents.LogRequest:
    """The agent is asked for output, and answers one line of replica 0."""
    asked = (await agent.frame()).log_request
    chunk = agents.LogChunk(request_id=asked.request_id, index=0, data=f"{line}\n".encode(), version="1.0.0")
    await agent.stream.write(agents.ConnectRequest(log_chunk=chunk))
    return asked


async def running(made: World) -> tuple[ScriptedAgent, agents.Report]:
    """An agent, and what it tells of the one deployment that it runs."""
    agent = ScriptedAgent(made.channel)
    await agent.hello()
    await made.create(name="web", replicas=1)
    desired = await agent.desired()
    await agent.done(desired)
    done = agents.Report(deployment_id=desired.deployment_id, generation=1, progress=agents.PROGRESS_DONE, replicas=[replica(0)])
    return agent, done


def line_of(pipe: Any) -> Any:
    return asyncio.to_thread(pipe.readline)


async def test_following_an_application_outlives_an_agent_that_is_away_and_says_so_once() -> None:
    async with populated() as made:
        agent, report = await running(made)
        with program(made.server.grpc_target, "app", "logs", "shop", "-f") as process:
            first = await says(agent, "one")
            before = await line_of(process.stdout)
            agent.stream.cancel()
            remark = await line_of(process.stderr)
            back = ScriptedAgent(made.channel)
            await back.hello(HELLO, report)
            second = await says(back, "two")
            after = await line_of(process.stdout)
            interrupt(process)
            rest = await asyncio.to_thread(process.communicate)

        assert (before, after, *rest) == ("web/0 1.0.0  one\n", "web/0 1.0.0  two\n", "", "")
        assert (first.follow, first.tail_lines, second.follow, second.tail_lines) == (True, 100, True, 0)
        assert remark.startswith("nothing can be read of web for now: the agent 'node-1' is not connected")
        assert process.returncode == 0
