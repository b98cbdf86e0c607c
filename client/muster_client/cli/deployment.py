"""The commands of `muster deployment`, together."""

from muster_client.cli import deployment_changes, deployment_items, deployment_logs
from muster_client.cli.command import application

app = application("Deployments: components that run in an environment. `muster instance` is the same, by ServiceStage's word.")
for part in (deployment_items, deployment_changes, deployment_logs):
    app.add_typer(part.app)
