"""The official SDK, unmodified, makes each call that Muster serves against the endpoint it is given, and tells the answers."""

import json
import os
import sys
import tempfile

os.environ["HOME"] = tempfile.mkdtemp()  # importing the SDK writes an id there

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkservicestage import v2

client = (
    v2.ServiceStageClient.new_builder()
    .with_credentials(BasicCredentials("AK", "SK", "0123456789abcdef0123456789abcdef"))
    .with_endpoint(sys.argv[1])
    .build()
)
answers = {}


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
    except ClientRequestException as error:
        answers[f"{name} refused"] = {"status": error.status_code, "code": error.error_code, "request_id": error.request_id}


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
    storage="obs", type="package", url="file:///p.zip", auth="none", properties=v2.ObsProperties(endpoint="e", bucket="b", key="k")
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

refused("delete_application", application_id=application)
call("delete_component", application_id=application, component_id=component, force=False)
call("delete_application_configuration", application_id=application, environment_id=environment)
call("delete_application", application_id=application)
call("delete_environment", environment_id=environment)
refused("show_application_detail", application_id=application)
print(json.dumps(answers))
