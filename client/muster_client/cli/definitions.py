"""Definitions: what versions of services say of themselves, their schemas, and who depends on whom."""

from typing import Annotated

import typer
from muster.catalog.v1 import catalog_service_pb2 as wire
from muster.catalog.v1.catalog_pb2 import Definition, DefinitionKey, Schema

from muster_client.cli import texts
from muster_client.cli.command import application, command, names
from muster_client.cli.config_conditions import ContentFile, read_content
from muster_client.cli.context import Context
from muster_client.cli.document import Document, document, timestamp
from muster_client.cli.names import joined, pairs
from muster_client.cli.output import Table
from muster_client.errors import from_item_error

app = application("Definitions of services, which have versions, schemas and dependencies.")

Service = Annotated[str, typer.Argument(metavar="SERVICE", help="[namespace/[group/]]name of the service, or an alias.")]
Environment = Annotated[str, typer.Option("--environment", "-e", metavar="NAME", help="Its environment; none if not given.")]
Rule = Annotated[
    str,
    typer.Option("--version", "-v", metavar="RULE", help="Which version: 1.2.3, 1.2+, 1.0-2.0 or latest; the highest of several."),
]
Version = Annotated[str, typer.Option("--version", "-v", metavar="VERSION", help="Its version: up to four numbers with dots.")]
SchemaId = Annotated[str, typer.Argument(metavar="SCHEMA", help="Id of the schema.")]


@command(app, "list", example="muster definition list -n prod -g shop", options=(names,))
async def list_definitions(context: Context) -> None:
    """List the definitions of a namespace, of all groups or of one. Derived ones stand for instances without a definition."""
    request = wire.ListDefinitionsRequest(namespace=context.given.namespace)
    response = await context.ask(context.catalog.ListDefinitions, request)
    found = [one for one in response.definitions if context.given.group in ("", one.key.group)]
    context.output.show(_table(found), [document(one) for one in found])


@command(app, "show", example="muster definition show prod/shop/stock --version 1.2+", options=(names,))
async def show(context: Context, service: Service, version: Rule = "latest", environment: Environment = "") -> None:
    """Show all that a definition says."""
    found = await _found(context, service, version, environment)
    rows = [
        ("id", found.definition_id),
        ("name", f"{found.key.namespace}/{found.key.group}/{found.key.name}"),
        ("version", found.key.version),
        ("environment", found.key.environment),
        ("alias", found.alias),
        ("description", found.description),
        ("properties", joined(found.properties)),
        ("tags", joined(found.tags)),
        ("schemas", " ".join(found.schema_ids)),
        ("for other groups", "yes" if found.cross_group else "no"),
        ("derived", "yes" if found.derived else "no"),
        ("created", timestamp(found.create_time)),
        ("changed", timestamp(found.update_time)),
        ("revision", str(found.revision)),
    ]
    context.output.show(Table(("what", "value"), rows), document(found))


@command(app, "create", example="muster definition create prod/shop/stock --version 1.2.0 --property team=supply", options=(names,))
async def create(  # noqa: PLR0913, PLR0917  # one parameter for each option
    context: Context,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="[namespace/[group/]]name of the service.")],
    version: Version,
    environment: Environment = "",
    definition_id: Annotated[str, typer.Option("--id", metavar="ID", help="Its id; that of its names if not given.")] = "",
    alias: Annotated[str, typer.Option("--alias", metavar="NAME", help="Another name by which it is found.")] = "",
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="What it is for.")] = "",
    properties: Annotated[
        list[str] | None, typer.Option("--property", metavar="KEY=VALUE", help="Free pairs. May be repeated.")
    ] = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="Tags. May be repeated.")] = None,
    cross_group: Annotated[bool, typer.Option("--cross-group", help="Consumers of other groups see it too.")] = False,
) -> None:
    """Create a definition. One that is there already stays as it is, which is no error."""
    wanted = Definition(
        definition_id=definition_id,
        key=_key(context, service, version, environment),
        alias=alias,
        description=description,
        properties=pairs(properties or ()),
        tags=pairs(tags or ()),
        cross_group=cross_group,
    )
    response = await context.ask(context.catalog.CreateDefinition, wire.CreateDefinitionRequest(definition=wanted))
    did = "created" if response.created else "unchanged:"
    context.output.say(f"{did} {_title(response.definition)} as {response.definition.definition_id}", document(response))


@command(app, "delete", example="muster definition delete prod/shop/stock --version 1.2.0", options=(names,))
async def delete(
    context: Context,
    service: Service,
    version: Rule,
    environment: Environment = "",
    force: Annotated[bool, typer.Option("--force", help="With its instances, and although others depend on it.")] = False,
) -> None:
    """Delete a definition with its schemas and what it depends on."""
    found = await _found(context, service, version, environment)
    request = wire.DeleteDefinitionsRequest(namespace=found.key.namespace, definition_ids=[found.definition_id], force=force)
    response = await context.ask(context.catalog.DeleteDefinitions, request)
    if response.results[0].HasField("error"):
        raise from_item_error(response.results[0].error)
    context.output.say(f"deleted {_title(found)}", document(found))


@command(
    app,
    "schemas",
    example="muster definition schemas prod/shop/stock\nmuster definition schemas prod/shop/stock api",
    options=(names,),
)
async def schemas(
    context: Context,
    service: Service,
    schema_id: Annotated[str, typer.Argument(metavar="SCHEMA", help="Write the text of this one.", show_default=False)] = "",
    version: Rule = "latest",
    environment: Environment = "",
) -> None:
    """List the schemas that a definition declares, or write the text of one as it is."""
    found = await _found(context, service, version, environment)
    ref = {"namespace": found.key.namespace, "definition_id": found.definition_id}
    if schema_id:
        response = await context.ask(context.catalog.GetSchema, wire.GetSchemaRequest(schema_id=schema_id, **ref))
        context.output.content(response.schema.content, document(response.schema))
        return
    listed = await context.ask(context.catalog.ListSchemas, wire.ListSchemasRequest(with_content=True, **ref))
    rows = [(one.schema_id, one.summary, texts.size(len(one.content.encode())) if one.content else "-") for one in listed.schemas]
    context.output.show(Table(("schema", "summary", "size"), rows, frozenset(("size",))), [document(one) for one in listed.schemas])


@command(app, "put-schema", example="muster definition put-schema prod/shop/stock api -f openapi.yaml", options=(names,))
async def put_schema(  # noqa: PLR0913, PLR0917  # one parameter for each option
    context: Context,
    service: Service,
    schema_id: SchemaId,
    file: ContentFile,
    summary: Annotated[str, typer.Option("--summary", metavar="TEXT", help="A digest of the text.")] = "",
    version: Rule = "latest",
    environment: Environment = "",
) -> None:
    """Put the text of a file, or of stdin, as a schema, in place of what was there."""
    content = read_content(file)
    found = await _found(context, service, version, environment)
    schema = Schema(schema_id=schema_id, content=content, summary=summary)
    request = wire.PutSchemasRequest(namespace=found.key.namespace, definition_id=found.definition_id, schemas=[schema])
    await context.ask(context.catalog.PutSchemas, request)
    context.output.say(f"put schema {schema_id} of {_title(found)}", document(schema))


@command(app, "delete-schema", example="muster definition delete-schema prod/shop/stock api", options=(names,))
async def delete_schema(
    context: Context, service: Service, schema_id: SchemaId, version: Rule = "latest", environment: Environment = ""
) -> None:
    """Take the text of a schema away. Declared it stays."""
    found = await _found(context, service, version, environment)
    request = wire.DeleteSchemaRequest(namespace=found.key.namespace, definition_id=found.definition_id, schema_id=schema_id)
    await context.ask(context.catalog.DeleteSchema, request)
    context.output.say(f"deleted schema {schema_id} of {_title(found)}", {"schema_id": schema_id})


@command(app, "dependencies", example="muster definition dependencies prod/shop/basket", options=(names,))
async def dependencies(context: Context, service: Service, version: Rule = "latest", environment: Environment = "") -> None:
    """List whom a definition calls, and who calls its service."""
    found = await _found(context, service, version, environment)
    namespace, definition_id = found.key.namespace, found.definition_id
    asked = wire.ListProvidersRequest(namespace=namespace, definition_id=definition_id)
    providers = (await context.ask(context.catalog.ListProviders, asked)).definitions
    asked_by = wire.ListConsumersRequest(namespace=namespace, definition_id=definition_id)
    callers = (await context.ask(context.catalog.ListConsumers, asked_by)).definitions
    rows = [(side, *_names(one)) for side, some in (("calls", providers), ("is called by", callers)) for one in some]
    about: Document = {"providers": [document(one) for one in providers], "consumers": [document(one) for one in callers]}
    context.output.show(Table(("it", "group", "service", "environment", "version"), rows), about)


async def _found(context: Context, service: str, version: str, environment: str) -> Definition:
    key = _key(context, service, version, environment)
    response = await context.ask(context.catalog.ResolveDefinition, wire.ResolveDefinitionRequest(key=key))
    definition: Definition = response.definition
    return definition


def _key(context: Context, service: str, version: str, environment: str) -> DefinitionKey:
    ref = context.service(service)
    return DefinitionKey(namespace=ref.namespace, group=ref.group, name=ref.name, environment=environment, version=version)


def _names(found: Definition) -> tuple[str, str, str, str]:
    return found.key.group, found.key.name, found.key.environment, found.key.version


def _title(found: Definition) -> str:
    environment = f"@{found.key.environment}" if found.key.environment else ""
    return f"{found.key.namespace}/{found.key.group}/{found.key.name}{environment} {found.key.version}"


def _table(found: list[Definition]) -> Table:
    rows = [(*_names(one), one.alias, str(len(one.schema_ids)), "yes" if one.derived else "no", one.definition_id) for one in found]
    headings = ("group", "service", "environment", "version", "alias", "schemas", "derived", "id")
    return Table(headings, rows, frozenset(("schemas",)))
