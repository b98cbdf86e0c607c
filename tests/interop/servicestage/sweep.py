"""The official SDK, unmodified, makes every call against the endpoint it is given, and tells the answers.

Arguments: the endpoint, the URL of a package, and an endpoint that cannot answer.
"""

import json
import os
import sys
import tempfile
import time

os.environ["HOME"] = tempfile.mkdtemp()  # importing the SDK writes an id there

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ServerResponseException
from huaweicloudsdkservicestage import v2

WAIT_S = 60
answers = {}


def client_of(endpoint):
    """A client of a server."""
    credentials = BasicCredentials("AK", "SK", "0123456789abcdef0123456789abcdef")
    return v2.ServiceStageClient.new_builder().with_credentials(credentials).with_endpoint(endpoint).build()


client, package = client_of(sys.argv[1]), sys.argv[2]


def call(name, **fields):
    """Make one call, by the name of its method."""
    request = getattr(v2, "".join(part.capitalize() for part in name.split("_")) + "Request")
    answer = getattr(client, name)(request(**fields))
    answers[name] = {"status": answer.status_code, "shown": json.loads(json.dumps(answer.to_dict()))}
    return answer


def refused(name, **fields):
    """Make one call that is refused."""
    try:
        call(name, **fields)
    except (ClientRequestException, ServerResponseException) as error:
        answers[f"{name} refused"] = {"status": error.status_code, "code": error.error_code, "request_id": error.request_id}


def finished(job_id):
    """Wait for a job as Terraform does: page by page, and only the last task counts."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        tasks = []
        while page := call("show_job_detail", job_id=job_id, limit=50, offset=len(tasks)).tasks:
            tasks.extend(page)
        status = tasks[-1].task_status
        if status == "SUCCEEDED":
            job = call("show_job_detail", job_id=job_id, desc="true")
            assert job.job.execution_status == "SUCCEEDED", job
            assert [task.task_index for task in job.tasks] == sorted((task.task_index for task in tasks), reverse=True)
            return
        assert status == "RUNNING", tasks
        time.sleep(0.1)
    raise TimeoutError(job_id)


def acted(action, **parameters):
    """Do something to the instance; its status after that."""
    said = v2.InstanceAction(action=action, parameters=v2.InstanceActionParameters(**parameters) if parameters else None)
    finished(call("update_instance_action", **own, body=said).job_id)
    detail = call("show_instance_detail", **own).status_detail
    answers[f"after {action}"] = {"status": 200, "shown": detail.to_dict()}


call("list_runtimes")
call("list_flavors")
call("list_templates")
ecs, database = v2.Resource(id="Default", type="ecs"), v2.Resource(id="db", type="rds", name="database")
environment = call(
    "create_environment",
    body=v2.EnvironmentCreate(
        name="env1",
        vpc_id="local",
        charge_mode="provided",
        deploy_mode="virtualmachine",
        base_resources=[ecs],
        optional_resources=[],
    ),
).id
call("list_environments", limit=10, offset=0, order="desc", order_by="create_time")
call("change_environment", environment_id=environment, body=v2.EnvironmentModify(description="d"))
resources = v2.EnvironmentResourceModify(remove_resources=[ecs], add_base_resources=[ecs], add_optional_resources=[database])
call("change_resource_in_environment", environment_id=environment, body=resources)
call("show_environment_detail", environment_id=environment)

application = call("create_application", body=v2.ApplicationCreate(name="app1", description="demo")).id
call("list_applications", limit=0, order="asc")
call("change_application", application_id=application, body=v2.ApplicationModify(description=""))
call("show_application_detail", application_id=application)
variables = v2.ApplicationConfigModifyConfiguration(env=[v2.ApplicationConfigModifyConfigurationEnv(name="a", value="b")])
config = v2.ApplicationConfigModify(environment_id=environment, configuration=variables)
call("change_application_configuration", application_id=application, body=config)
call("show_application_configuration", application_id=application, environment_id=environment)

spec = v2.SourceOrArtifact(
    storage="obs", type="package", url=package, auth="none", properties=v2.ObsProperties(endpoint="e", bucket="b", key="k")
)
component = call(
    "create_component",
    application_id=application,
    body=v2.ComponentCreate(
        name="comp1",
        runtime="Custom",
        category="MicroService",
        sub_category="Java Chassis",
        source=v2.SourceObject(kind="artifact", spec=spec),
        build=v2.Build(parameters=v2.BuildParameters(build_cmd="make", node_label_selector={"a": "b"})),
    ),
).id
call("list_components", application_id=application)
call("list_component_overviews", application_id=application)
call("change_component", application_id=application, component_id=component, body=v2.ComponentModify(description="x"))
call("show_component_detail", application_id=application, component_id=component)

made = call(
    "create_instance",
    application_id=application,
    component_id=component,
    body=v2.InstanceCreate(
        name="comp1-env1-abc",
        environment_id=environment,
        flavor_id="MICRO-5G:0.5C:1G",
        replica=2,
        artifacts={"comp1": v2.SourceOrArtifact(storage="obs", type="package", url=package, auth="none")},
        version="1.0.0",
        configuration=v2.InstanceConfiguration(
            env=[v2.ConfigurationEnvParam(name="log-level", value="warn")],
            strategy=v2.ConfigurationStrategy(upgrade="RollingUpdate"),
            lifecycle=v2.ConfigurationLifecycle(entrypoint=v2.LifecycleEntrypoint(command=["python3"], args=["service.py"])),
            probes=v2.ConfigurationProbes(
                readiness_probe=v2.ComponentProbe(type="http", delay=0, timeout=2, parameters=v2.ProbeParameter(path="/"))
            ),
        ),
        description="first",
        external_accesses=[v2.ExternalAccessesCreate(protocol="HTTP", address="www.example.com", forward_port=8080)],
        refer_resources=[v2.ReferResourceCreate(id="Default", type="ecs", parameters={"hosts": ["host-1"]})],
    ),
)
own = {"application_id": application, "component_id": component, "instance_id": made.instance_id}
finished(made.job_id)
answers["after create"] = {"status": 200, "shown": call("show_instance_detail", **own).status_detail.to_dict()}
call("list_instances", application_id=application, component_id=component, limit=10, offset=0)
acted("scale", replica=3, hosts=["host-1"])
acted("stop")
acted("start")
acted("restart")
change = v2.InstanceModify(version="1.0.1", flavor_id="SMALL-10G:1.0C:2G", description="up")
finished(call("change_instance", **own, body=change).job_id)
call("list_instance_snapshots", **own, limit=10, offset=0, order="asc", snapshot_order_by="version")
call("show_instance_detail", **own)
call("list_component_overviews", application_id=application)
refused("update_instance_action", **own, body=v2.InstanceAction(action="rollback"))
acted("rollback", version="1.0.0")
refused("delete_component", application_id=application, component_id=component, force=False)
finished(call("delete_instance", **own, force=False).job_id)
refused("show_instance_detail", **own)

refused("delete_application", application_id=application)
call("delete_component", application_id=application, component_id=component, force=False)
call("delete_application_configuration", application_id=application, environment_id=environment)
call("delete_application", application_id=application)
call("delete_environment", environment_id=environment)
refused("show_application_detail", application_id=application)
client = client_of(sys.argv[3])
refused("list_applications")
print(json.dumps(answers))
