"""What the room serves: the rows of kie v1, and those of the config center."""

from muster_gateway.kie.config_center import ConfigCenter
from muster_gateway.kie.errors import answering
from muster_gateway.kie.lists import Lists
from muster_gateway.kie.reads import Reads
from muster_gateway.kie.writes import Writes
from muster_gateway.route import Parameter, Route

_PROJECT = Parameter("project", "path", "which project; `default` in most installations", is_required=True)
_ID = Parameter("kv_id", "path", "the id of a key", is_required=True)
_PAGE = (Parameter("limit", "query", "1 to 100; all if absent"), Parameter("offset", "query", "with a limit: leave out as many"))
_VALUE = Parameter("value", "json", "at most 131072 characters")
_STATUS = Parameter("status", "json", "`enabled` or `disabled`")
_DRAFT = (
    Parameter("key", "json", "1 to 2048 of `a-zA-Z0-9._:-`", is_required=True),
    _VALUE,
    Parameter("labels", "json", "object, 6 at most"),
    Parameter("value_type", "json", "ini, json, text, yaml, properties or xml; `text` if absent"),
    Parameter("status", "json", "`enabled` or `disabled`, which it is if absent"),
    Parameter("priority", "json", "number; higher ones are listed first"),
)
_LIST = (
    Parameter("label", "query", "`name:value`; may be repeated"),
    Parameter("match", "query", "`exact`: keys with these labels and no others"),
    Parameter("key", "query", "a key, `beginWith(text)` or `wildcard(te*t)`"),
    Parameter("value", "query", "contained in the value"),
    Parameter("status", "query", "`enabled` or `disabled`"),
    *_PAGE,
    Parameter("revision", "query", "what the caller has, from X-Kie-Revision: 304 if it is current"),
    Parameter("wait", "query", "`10s`: wait so long for a change, 5 minutes at most"),
)
_CENTER = (
    _PROJECT,
    Parameter("dimensionsInfo", "query", "`service@app` or `service@app#version`; comma-separated", is_required=True),
    Parameter("keyFilter", "query", "regular expression (RE2) that keys contain"),
    Parameter("revision", "query", "what the caller has, from `revision.version`: 304 if it is current"),
    Parameter("x-environment", "header", "development, testing, acceptance or production; else none"),
)


def routes(writes: Writes, reads: Reads, lists: Lists, center: ConfigCenter) -> tuple[Route, ...]:
    """All rows."""
    kv, one = "/v1/{project}/kie/kv", "/v1/{project}/kie/kv/{kv_id}"
    uploads = (
        _PROJECT,
        Parameter("override", "query", "`force`, `skip` or `abort`: what becomes of keys that are there", is_required=True),
        Parameter("data", "json", "array of keys, 1000 at most"),
    )
    many = (_PROJECT, Parameter("ids", "json", "array of ids, 10,000 at most", is_required=True))
    listed = "`total` and `data`; the header X-Kie-Revision"
    rows = (
        Route("POST", kv, writes.create, "Create a key", (_PROJECT, *_DRAFT), "the key"),
        Route("GET", kv, lists.list_kvs, "List keys, or wait for a change of them", (_PROJECT, *_LIST), listed),
        Route("DELETE", kv, writes.delete_many, "Delete keys", many, "204"),
        Route("GET", one, reads.get, "One key", (_PROJECT, _ID), "the key"),
        Route("PUT", one, writes.update, "Change value or status of a key", (_PROJECT, _ID, _VALUE, _STATUS), "the key"),
        Route("DELETE", one, writes.delete, "Delete a key", (_PROJECT, _ID), "204"),
        Route("POST", "/v1/{project}/kie/file", writes.upload, "Create several keys", uploads, "`success` and `failure`"),
        Route(
            "GET", "/v1/{project}/kie/revision/{kv_id}", reads.history, "What a key was", (_PROJECT, _ID, *_PAGE), "newest first"
        ),
        Route("GET", "/v1/{project}/kie/track", reads.track, "Who polled: no records are kept", (_PROJECT,), "404"),
        Route(
            "GET", "/v1/health", reads.health, "Health", (Parameter("mode", "query", "`liveness`: nothing but 200"),), "JSON object"
        ),
        Route("GET", "/v3/{project}/configuration/items", center.items, "Configuration of a service", _CENTER, "by dimension"),
        Route("GET", "/v3/{project}/configuration/health", center.health, "Health of the config center", (_PROJECT,), "200"),
    )
    return tuple(Route(r.method, r.path, answering(r.handler), r.summary, r.parameters, r.answer) for r in rows)
