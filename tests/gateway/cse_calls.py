"""The calls that are made at random, and what the model says to each."""

from collections.abc import Iterable
from typing import Any

from gateway.cse_comparing import OK, Comparing, agree, code_of, comparable, said
from gateway.cse_drawing import (
    CHECKS,
    ENDPOINTS,
    NAMES,
    TAGS,
    VERSIONS,
    choice,
    consumers,
    drawn,
    many,
    mapping,
    members,
    names,
    pair,
    pairs,
    places,
    schema_ids,
    some,
    sought_names,
    statuses,
    version_rules,
    versions,
)
from gateway.cse_model import INVALID, NO_SERVICE, Name, RefusedError, Service

STEP_S = 61.0
MAX_BY_NAME = 2
"""Instances of one name at the most. With as many that went in the last minute they are fewer than what the registry guards."""


class Calls(Comparing):
    """One method for each kind of call."""

    # microservices

    @drawn(
        weight=2,
        name=names,
        version=versions,
        alias=choice("", "", "", "c", "b"),
        chosen=choice("", "", "", "", "id-1", "id-2"),
        properties=pairs,
        declared=choice([], ["s1"]),
    )
    def create(self, name: Name, version: str, alias: str, chosen: str, properties: dict[str, str], declared: list[str]) -> None:
        service = {**_key(name, version), "alias": alias, "serviceId": chosen, "properties": properties, "schemas": declared}

        def expected() -> dict[str, str]:
            return {"serviceId": self.model.create(name, version, alias, chosen, properties=properties, declared=declared)}

        self.write("POST", "/microservices", expected, json={"service": service})

    @drawn(place=places, force=choice("", "0", "1", "true"))
    def delete(self, place: int, force: str) -> None:
        service_id = self.id_at(place)
        is_forced = force in ("1", "true")
        path = f"/microservices/{service_id}"
        self.write("DELETE", path, lambda: self.model.delete(service_id, force=is_forced), params={"force": force})

    @drawn(chosen=many(places, 3), force=choice(False, False, True))
    def delete_many(self, chosen: list[int], force: bool) -> None:
        ids = list(dict.fromkeys(map(self.id_at, chosen)))
        answer = self.call("DELETE", "/microservices", json={"serviceIds": ids, "force": force})
        refused = {item["serviceId"]: "errMessage" in item for item in answer.json()["services"]}
        agree("refused", refused, {one: said(self.model.delete, one, force=force)[0] != OK for one in ids})
        self.writes += 1

    @drawn(place=places)
    def get(self, place: int) -> None:
        service_id = self.id_at(place)
        self.ask("GET", f"/microservices/{service_id}", lambda: {"service": self.model.service(service_id).shown()})

    @drawn()
    def list_all(self) -> None:
        self.ask("GET", "/microservices", lambda: _listed("services", self.model.services.values()))

    @drawn(sought=sought_names, version=choice(*VERSIONS, "1.0.0", "9"))
    def exists(self, sought: int | Name, version: str) -> None:
        name = self.name_of(sought)
        environment, application, service = name
        params = {"type": "microservice", "env": environment, "appId": application, "serviceName": service, "version": version}
        self.ask("GET", "/existence", lambda: {"serviceId": self.model.exists(name, version)}, params=params)

    @drawn(place=places, properties=pairs)
    def put_properties(self, place: int, properties: dict[str, str]) -> None:
        service_id = self.id_at(place)
        path, body = f"/microservices/{service_id}/properties", {"properties": properties}
        self.write("PUT", path, lambda: self.model.put_properties(service_id, properties), json=body)

    # schemas and tags

    @drawn(place=places, schema_id=schema_ids, summary=choice("", "abc"))
    def put_schema(self, place: int, schema_id: str, summary: str) -> None:
        service_id, body = self.id_at(place), {"schema": "text", "summary": summary}
        path = f"/microservices/{service_id}/schemas/{schema_id}"
        self.write("PUT", path, lambda: self.model.put_schema(service_id, schema_id, summary, "text"), json=body)

    @drawn(place=places, contents=mapping(["s1", "s2"], [("abc", "x"), ("abc", "y")]))
    def put_schemas(self, place: int, contents: dict[str, tuple[str, str]]) -> None:
        service_id = self.id_at(place)
        items = [{"schemaId": name, "summary": summary, "schema": text} for name, (summary, text) in contents.items()]
        path = f"/microservices/{service_id}/schemas"
        self.write("POST", path, lambda: self.model.put_schemas(service_id, contents), json={"schemas": items})

    @drawn(place=places, schema_id=schema_ids)
    def delete_schema(self, place: int, schema_id: str) -> None:
        service_id = self.id_at(place)
        path = f"/microservices/{service_id}/schemas/{schema_id}"
        self.write("DELETE", path, lambda: self.model.delete_schema(service_id, schema_id))

    @drawn(place=places, schema_id=schema_ids)
    def get_schema(self, place: int, schema_id: str) -> None:
        service_id = self.id_at(place)
        path = f"/microservices/{service_id}/schemas/{schema_id}"
        answer = self.ask("GET", path, lambda: {"schema": self.model.schema(service_id, schema_id)[1]})
        if answer.status_code == OK:
            agree("summary", answer.headers["X-Schema-Summary"], self.model.schema(service_id, schema_id)[0])

    @drawn(place=places, schema_id=schema_ids)
    def schema_exists(self, place: int, schema_id: str) -> None:
        names = {"serviceId": self.id_at(place), "schemaId": schema_id}
        found = lambda: self.model.schema(*names.values()) and names  # noqa: E731  # used once, below
        self.ask("GET", "/existence", found, params={"type": "schema", **names})

    @drawn(place=places, wanted=choice(False, True))
    def list_schemas(self, place: int, wanted: bool) -> None:
        service_id = self.id_at(place)
        path, params = f"/microservices/{service_id}/schemas", {"withSchema": str(int(wanted))}
        self.ask("GET", path, lambda: self.model.schemas(service_id, with_text=wanted), params=params)

    @drawn(place=places, tags=mapping(TAGS, ["a"]))
    def put_tags(self, place: int, tags: dict[str, str]) -> None:
        service_id = self.id_at(place)
        path = f"/microservices/{service_id}/tags"
        self.write("POST", path, lambda: self.model.put_tags(service_id, tags), json={"tags": tags})

    @drawn(place=places, key=choice(*TAGS), value=choice("b", "c"))
    def change_tag(self, place: int, key: str, value: str) -> None:
        service_id = self.id_at(place)
        path = f"/microservices/{service_id}/tags/{key}"
        self.write("PUT", path, lambda: self.model.change_tag(service_id, key, value), params={"value": value})

    @drawn(place=places, keys=some(TAGS, 1))
    def delete_tags(self, place: int, keys: list[str]) -> None:
        service_id = self.id_at(place)
        path = f"/microservices/{service_id}/tags/{','.join(keys)}"
        self.write("DELETE", path, lambda: self.model.delete_tags(service_id, keys))

    @drawn(place=places)
    def get_tags(self, place: int) -> None:
        service_id = self.id_at(place)
        self.ask("GET", f"/microservices/{service_id}/tags", lambda: self.model.tags(service_id))

    # dependencies

    @drawn(
        weight=2,
        consumer=sought_names,
        version=versions,
        providers=lambda random: random.choices(NAMES, k=random.randint(0, 2)),
        is_all=choice(False, True),
    )
    def depend(self, consumer: int | Name, version: str, providers: list[Name], is_all: bool) -> None:
        name = self.name_of(consumer)
        service = self.model.services.get(self.id_at(consumer)) if isinstance(consumer, int) else None
        of = name, service.version if service is not None else version
        item = {"consumer": _key(*of), "providers": [_key(provider, "0+") for provider in providers]}

        def expected() -> None:
            if len(set(providers)) < len(providers) or not (providers or is_all):
                raise RefusedError(INVALID)
            self.model.depend(of, providers, is_all=is_all)

        self.write("PUT" if is_all else "POST", "/dependencies", expected, json={"dependencies": [item]})

    @drawn(place=places, side=choice("providers", "consumers"), no_self=choice(False, True))
    def list_dependencies(self, place: int, side: str, no_self: bool) -> None:
        service_id = self.id_at(place)

        def expected() -> dict[str, Any]:
            found = getattr(self.model, side)(service_id)
            return _listed(side, [service for service in found if not (no_self and service.service_id == service_id)])

        self.ask("GET", f"/microservices/{service_id}/{side}", expected, params={"noSelf": "1"} if no_self else {})

    # instances

    @drawn(
        weight=4,
        place=places,
        chosen=choice("", "", "i1", "i2"),
        endpoints=choice(*ENDPOINTS),
        status=choice("", "UP", "DOWN", "TESTING"),
        check=choice(*CHECKS),
        properties=pairs,
    )
    def register(self, place: int, chosen: str, endpoints: list[str], check: Any, **rest: Any) -> None:
        service_id = self.id_at(place)
        service = self.model.services.get(service_id)
        if service is not None and self.model.count(service.name) >= MAX_BY_NAME:
            return
        instance: dict[str, Any] = {"instanceId": chosen, "hostName": "h", "endpoints": endpoints, **rest}
        if check is not None:
            instance["healthCheck"] = {"mode": "push", "interval": check[0], "times": check[1]}
        answer = self.call("POST", f"/microservices/{service_id}/instances", json={"instance": instance})
        agree("register", code_of(answer), NO_SERVICE if service is None else OK)
        if service is None:
            return
        found = answer.json()["instanceId"]
        same = {chosen} if chosen else self.model.with_endpoints(service_id, endpoints)
        agree(f"{found} is one of {same}, or new", found in (same or service.instances), bool(same))
        interval, times = CHECKS[check]
        held = {"healthCheck": {"mode": "push", "interval": interval, "times": times}, "status": rest["status"] or "UP"}
        self.model.register(service_id, found, {**{key: instance[key] for key in ("hostName", "endpoints", "properties")}, **held})
        self.writes += 1

    @drawn(place=places, member=members)
    def unregister(self, place: int, member: int) -> None:
        name = self.one_at(place, member)
        self.write("DELETE", _path(*name), lambda: self.model.unregister(*name))

    @drawn(weight=2, place=places, member=members)
    def beat(self, place: int, member: int) -> None:
        name = self.one_at(place, member)
        self.ask("PUT", f"{_path(*name)}/heartbeat", lambda: self.model.renew(*name))

    @drawn(chosen=many(pair(places, members), 4))
    def beat_many(self, chosen: list[tuple[int, int]]) -> None:
        asked = [self.one_at(place, member) for place, member in chosen]
        items = [{"serviceId": service_id, "instanceId": instance_id} for service_id, instance_id in asked]
        answer = self.call("PUT", "/heartbeats", json={"instances": items})
        shown = {(item["serviceId"], item["instanceId"]): "errMessage" in item for item in answer.json()["instances"]}
        agree("missing", shown, {name: said(self.model.renew, *name)[0] != OK for name in asked})

    @drawn(weight=2, place=places, member=members, status=choice("UP", "DOWN", "STARTING", "OUTOFSERVICE", "", "up"))
    def put_status(self, place: int, member: int, status: str) -> None:
        name = self.one_at(place, member)

        def expected() -> None:
            if status in ("", "up"):
                raise RefusedError(INVALID)
            self.model.change_instance(*name, status=status)

        self.write("PUT", f"{_path(*name)}/status", expected, params={"value": status})

    @drawn(weight=2, place=places, member=members, properties=pairs)
    def put_instance_properties(self, place: int, member: int, properties: dict[str, str]) -> None:
        name = self.one_at(place, member)
        path, body = f"{_path(*name)}/properties", {"properties": properties}
        self.write("PUT", path, lambda: self.model.change_instance(*name, properties=properties), json=body)

    @drawn(wanted=pairs, status=statuses)
    def put_status_of_many(self, wanted: dict[str, str], status: str) -> None:
        body = {"matches": {"properties": wanted}, "status": status}
        self.write("PUT", "/instances/status", lambda: self.model.change_matching(wanted, status), json=body)

    @drawn()
    def advance(self) -> None:
        self.world.advance(STEP_S)
        self.model.advance(STEP_S)
        self.writes += 1

    # finding

    @drawn(weight=6, sought=sought_names, version=version_rules, tags=some(TAGS, 0, 1), consumer=consumers)
    def find(self, sought: int | Name, version: str, tags: list[str], consumer: int | None) -> None:
        name = self.name_of(sought)
        environment, application, service = name
        consumer_id = "" if consumer is None else self.id_at(consumer)
        params = {"env": environment, "appId": application, "serviceName": service, "version": version, "tags": ",".join(tags)}
        self.look("/instances", lambda: self.model.find(name, version, tags, consumer_id), params, consumer_id)

    @drawn(weight=2, place=places, tags=some(TAGS, 0, 1), consumer=consumers)
    def list_instances(self, place: int, tags: list[str], consumer: int | None) -> None:
        service_id, consumer_id = self.id_at(place), "" if consumer is None else self.id_at(consumer)
        path = f"/microservices/{service_id}/instances"
        params = {"tags": ",".join(tags)}
        self.look(path, lambda: self.model.instances(service_id, tags, consumer_id), params, consumer_id)

    @drawn(weight=2, place=places, member=members, consumer=consumers)
    def get_instance(self, place: int, member: int, consumer: int | None) -> None:
        name, consumer_id = self.one_at(place, member), "" if consumer is None else self.id_at(consumer)
        self.look(_path(*name), lambda: self.model.one(*name, consumer_id), {}, consumer_id)

    @drawn(weight=2, chosen=many(pair(sought_names, version_rules), 3), consumer=consumers)
    def find_many(self, chosen: list[tuple[int | Name, str]], consumer: int | None) -> None:
        asked = [(self.name_of(which), version) for which, version in chosen]
        consumer_id = "" if consumer is None else self.id_at(consumer)
        body = {"services": [{"service": _key(name, version)} for name, version in asked]}
        headers = {"X-ConsumerId": consumer_id} if consumer_id else {}
        answer = self.call("POST", "/instances/action", headers, params={"type": "query"}, json=body)
        section = answer.json()["services"]
        found = {index: (int(part["error"]["errorCode"]), None) for part in section.get("failed", []) for index in part["indexes"]}
        found |= {part["index"]: (OK, comparable(part.get("instances", []))) for part in section.get("updated", [])}
        for index, (name, version) in enumerate(asked):
            code, instances = said(self.model.find, name, version, [], consumer_id)
            agree(f"item {index}", found[index], (code, comparable(instances)))

    @drawn(field=choice("serviceName", "version", "appId", "alias", "environment"))
    def be_refused(self, field: str) -> None:
        body = {"service": {**_key(("", "shop", "a"), "1.0"), field: "-?"}}
        self.write("POST", "/microservices", _refuse, json=body)


def _key(name: Name, version: str) -> dict[str, str]:
    environment, application, service = name
    return {"environment": environment, "appId": application, "serviceName": service, "version": version}


def _path(service_id: str, instance_id: str) -> str:
    return f"/microservices/{service_id}/instances/{instance_id}"


def _listed(name: str, services: Iterable[Service]) -> dict[str, Any]:
    shown = [service.shown() for service in services]
    return {name: shown} if shown else {}


def _refuse() -> None:
    raise RefusedError(INVALID)
