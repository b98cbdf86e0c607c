"""The commands of `muster config`, together."""

from muster_client.cli import (
    config_edit,
    config_gray,
    config_history,
    config_items,
    config_listen,
    config_listeners,
    config_publish,
)
from muster_client.cli.command import application

app = application("Read, publish and follow configuration.")
for part in (config_items, config_publish, config_edit, config_history):
    app.add_typer(part.app)
app.add_typer(config_gray.app, name="gray")
for part in (config_listen, config_listeners):
    app.add_typer(part.app)
