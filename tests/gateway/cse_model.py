"""What a service-center answers, said as plainly as can be: dictionaries, and a code for whatever it refuses.

Source: what service-center is documented to do and was seen doing. It takes arguments that are valid by themselves; what is wrong
with a field is judged before anything is looked up, so a test of that needs no model.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

INVALID, EXISTS, NO_SERVICE, IN_USE, NO_SCHEMA, NO_INSTANCE = 400001, 400010, 400012, 400013, 400016, 400017
NO_TAG, NEEDED, NO_VERSION = 400018, 400023, 400026

Name = tuple[str, str, str]
"""Environment, application and name of a service."""


class RefusedError(Exception):
    """The call is refused with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Instance:
    """One instance; `until_s` is when it goes unless it is heard of."""

    body: dict[str, Any]
    create_s: int
    update_s: int
    until_s: float = 0.0


@dataclass
class Service:
    """One version of a microservice; `contents` holds its schemas that have any: summary and text."""

    service_id: str
    name: Name
    version: str
    alias: str
    properties: dict[str, str]
    declared: list[str]
    create_s: int
    tags: dict[str, str] = field(default_factory=dict)
    contents: dict[str, tuple[str, str]] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    providers: dict[Name, None] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """As it is answered, but for when it was changed last."""
        environment, application, name = self.name
        whole = {
            "serviceId": self.service_id,
            "environment": environment,
            "appId": application,
            "serviceName": name,
            "version": self.version,
            "alias": self.alias,
            "schemas": self.declared,
            "properties": self.properties,
            "level": "BACK",
            "status": "UP",
            "timestamp": str(self.create_s),
        }
        return {key: value for key, value in whole.items() if value}

    def shown_instance(self, instance_id: str) -> dict[str, Any]:
        """An instance of it as it is answered."""
        instance = self.instances[instance_id]
        whole = {
            **instance.body,
            "instanceId": instance_id,
            "serviceId": self.service_id,
            "version": self.version,
            "timestamp": str(instance.create_s),
            "modTimestamp": str(instance.update_s),
        }
        return {key: value for key, value in whole.items() if value}


class ServiceCenter:
    """One domain of a service-center. Whatever `now_s` says is the time."""

    def __init__(self, domain: str, now_s: float) -> None:
        self.domain = domain
        self.now_s = now_s
        self.services: dict[str, Service] = {}

    # microservices

    def create(self, name: Name, version: str, alias: str, service_id: str, **rest: Any) -> str:
        """The id of the microservice that stands."""
        owner = self._exact(name, version) or self._alias_owner(name, version, alias)
        if owner is not None and (not service_id or (owner.service_id == service_id and owner.name == name)):
            return owner.service_id
        if owner is not None or service_id in self.services:
            raise RefusedError(EXISTS)
        new_id = service_id or self.default_id(name, version)
        self.services[new_id] = Service(new_id, name, version, alias, create_s=int(self.now_s), **rest)
        return new_id

    def default_id(self, name: Name, version: str) -> str:
        """The id that follows from a key."""
        text = "/".join(("/cse-sr/ms/indexes", self.domain, "default", *name, version))
        return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def service(self, service_id: str, code: int = NO_SERVICE) -> Service:
        """A microservice, or the refusal because there is none."""
        if service_id not in self.services:
            raise RefusedError(code)
        return self.services[service_id]

    def delete(self, service_id: str, *, force: bool) -> None:
        service = self.service(service_id)
        if not force:
            if any(consumer is not service for consumer in self.consumers(service_id)):
                raise RefusedError(NEEDED)
            if service.instances:
                raise RefusedError(IN_USE)
        del self.services[service_id]

    def put_properties(self, service_id: str, properties: dict[str, str]) -> None:
        self.service(service_id).properties = properties

    def exists(self, name: Name, version: str) -> str:
        """The id of exactly this version."""
        versions = self.named(name)
        if not versions:
            raise RefusedError(NO_SERVICE)
        found = [service.service_id for service in versions if service.version == version]
        if not found:
            raise RefusedError(NO_VERSION)
        return found[0]

    def named(self, name: Name) -> list[Service]:
        """The versions of a name; if there are none, those that have it as an alias."""
        services = list(self.services.values())
        return [service for service in services if service.name == name] or [
            service for service in services if service.alias and (*service.name[:2], service.alias) == name
        ]

    def _exact(self, name: Name, version: str) -> Service | None:
        found = (service for service in self.services.values() if (service.name, service.version) == (name, version))
        return next(found, None)

    def _alias_owner(self, name: Name, version: str, alias: str) -> Service | None:
        wanted = (*name[:2], alias, version)
        found = (s for s in self.services.values() if alias and (*s.name[:2], s.alias, s.version) == wanted)
        return next(found, None)

    # schemas and tags

    def put_schema(self, service_id: str, schema_id: str, summary: str, text: str) -> None:
        service = self.service(service_id)
        service.contents[schema_id] = (summary, text)
        if schema_id not in service.declared:
            service.declared = [*service.declared, schema_id]

    def put_schemas(self, service_id: str, contents: dict[str, tuple[str, str]]) -> None:
        if not contents:
            raise RefusedError(INVALID)
        service = self.service(service_id)
        service.contents = dict(contents)
        service.declared = list(contents)

    def schema(self, service_id: str, schema_id: str) -> tuple[str, str]:
        """Its summary and text."""
        service = self.service(service_id)
        if schema_id not in service.contents:
            raise RefusedError(NO_SCHEMA)
        return service.contents[schema_id]

    def delete_schema(self, service_id: str, schema_id: str) -> None:
        """The id stays declared."""
        self.schema(service_id, schema_id)
        del self.services[service_id].contents[schema_id]

    def schemas(self, service_id: str, *, with_text: bool) -> dict[str, Any]:
        service = self.service(service_id)
        whole = {name: service.contents.get(name, ("", "")) for name in {*service.declared, *service.contents}}
        items = [{"schemaId": name, "summary": each[0], "schema": each[1] if with_text else ""} for name, each in whole.items()]
        return {"schemas": [{key: value for key, value in item.items() if value} for item in items]} if items else {}

    def put_tags(self, service_id: str, tags: dict[str, str]) -> None:
        self.service(service_id).tags = dict(tags)

    def tags(self, service_id: str) -> dict[str, Any]:
        tags = self.service(service_id).tags
        return {"tags": tags} if tags else {}

    def change_tag(self, service_id: str, key: str, value: str) -> None:
        service = self.service(service_id)
        if key not in service.tags:
            raise RefusedError(NO_TAG)
        service.tags[key] = value

    def delete_tags(self, service_id: str, keys: list[str]) -> None:
        service = self.service(service_id)
        if not set(keys) <= service.tags.keys():
            raise RefusedError(NO_TAG)
        service.tags = {key: value for key, value in service.tags.items() if key not in keys}

    # dependencies

    def depend(self, consumer: tuple[Name, str], providers: list[Name], *, is_all: bool) -> None:
        name, version = consumer
        found = [service for service in self.named(name) if service.version == version]
        if not found:
            raise RefusedError(NO_SERVICE)
        found[0].providers = dict.fromkeys([*([] if is_all else found[0].providers), *providers])

    def providers(self, service_id: str) -> list[Service]:
        """Every version of whatever a consumer depends on."""
        wanted = self.service(service_id).providers
        return [service for service in self.services.values() if service.name in wanted]

    def consumers(self, service_id: str) -> list[Service]:
        """Whoever depends on a microservice, whichever version of it."""
        name = self.service(service_id).name
        return [service for service in self.services.values() if name in service.providers]

    # instances

    def register(self, service_id: str, instance_id: str, body: dict[str, Any]) -> None:
        """A known id is overwritten and keeps its beginning; who says nothing new only renews."""
        instances = self.service(service_id).instances
        known = instances.get(instance_id)
        if known is None or known.body != body:
            now_s = int(self.now_s)
            instances[instance_id] = Instance(body, known.create_s if known else now_s, now_s)
        self._renew(instances[instance_id])

    def with_endpoints(self, service_id: str, endpoints: list[str]) -> set[str]:
        """The ids of a microservice's instances that listen there, in whatever order."""
        instances = self.service(service_id).instances
        return {name for name, one in instances.items() if endpoints and sorted(one.body["endpoints"]) == sorted(endpoints)}

    def instance(self, service_id: str, instance_id: str) -> Instance:
        """An instance, or the refusal because there is none."""
        instances = self.service(service_id, NO_INSTANCE).instances
        if instance_id not in instances:
            raise RefusedError(NO_INSTANCE)
        return instances[instance_id]

    def renew(self, service_id: str, instance_id: str) -> None:
        self._renew(self.instance(service_id, instance_id))

    def unregister(self, service_id: str, instance_id: str) -> None:
        self.instance(service_id, instance_id)
        del self.services[service_id].instances[instance_id]

    def change_instance(self, service_id: str, instance_id: str, **changed: Any) -> None:
        instance = self.instance(service_id, instance_id)
        instance.body = {**instance.body, **changed}
        instance.update_s = int(self.now_s)

    def change_matching(self, wanted: dict[str, str], status: str) -> None:
        """Change the status of every instance that has these properties."""
        if not wanted:
            raise RefusedError(INVALID)
        for service in self.services.values():
            for name, instance in service.instances.items():
                if wanted.items() <= instance.body["properties"].items():
                    self.change_instance(service.service_id, name, status=status)

    def count(self, name: Name) -> int:
        """How many instances the versions of a name have."""
        return sum(len(service.instances) for service in self.services.values() if service.name == name)

    def advance(self, seconds: float) -> None:
        """Time goes on, and takes along what was not heard of."""
        self.now_s += seconds
        for service in self.services.values():
            service.instances = {name: one for name, one in service.instances.items() if one.until_s > self.now_s}

    def _renew(self, instance: Instance) -> None:
        check = instance.body["healthCheck"]
        instance.until_s = self.now_s + check["interval"] * (check["times"] + 1)

    # finding

    def find(self, name: Name, rule: str, tags: list[str], consumer_id: str) -> list[dict[str, Any]]:
        """What a consumer sees of a name; it depends on the name from then on, if it sees any of it."""
        consumer = self._consumer(consumer_id)
        if consumer is not None:
            name = (consumer.name[0], *name[1:])
        versions = self.named(name)
        if not versions:
            raise RefusedError(NO_SERVICE)
        seen = [service for service in versions if service.tags.keys() >= set(tags) and sees(consumer, service)]
        if consumer is not None:
            consumer.providers |= {service.name: None for service in seen}
        picked = selected(rule, versions)
        return [service.shown_instance(name) for service in seen if service in picked for name in service.instances]

    def instances(self, service_id: str, tags: list[str], consumer_id: str) -> list[dict[str, Any]]:
        """The instances of one microservice, as a consumer sees them."""
        consumer = self._consumer(consumer_id)
        service = self.service(service_id)
        if not sees(consumer, service) or not service.tags.keys() >= set(tags):
            raise RefusedError(NO_SERVICE)
        return [service.shown_instance(name) for name in service.instances]

    def one(self, service_id: str, instance_id: str, consumer_id: str) -> dict[str, Any]:
        """One instance, as a consumer sees it."""
        consumer = self._consumer(consumer_id)
        service = self.service(service_id)
        if not sees(consumer, service):
            raise RefusedError(NO_INSTANCE)
        self.instance(service_id, instance_id)
        return service.shown_instance(instance_id)

    def _consumer(self, consumer_id: str) -> Service | None:
        return self.service(consumer_id) if consumer_id else None


def sees(consumer: Service | None, provider: Service) -> bool:
    """True if a consumer may see a provider; who does not say who asks sees everything."""
    if consumer is None:
        return True
    is_near = consumer.name[:2] == provider.name[:2]
    is_open = provider.properties.get("allowCrossApp", "").lower() == "true"
    return is_near or (is_open and consumer.name[0] == provider.name[0])


def number(version: str) -> list[int]:
    """A version as numbers, missing ones 0."""
    return [*map(int, version.split(".")), 0, 0, 0, 0][:4]


def selected(rule: str, services: list[Service]) -> list[Service]:
    """Those versions that a rule selects; what is no rule selects all."""
    if rule == "latest":
        return [max(services, key=lambda service: number(service.version))]
    try:
        if rule.endswith("+"):
            return [service for service in services if number(service.version) >= number(rule[:-1])]
        if "-" in rule:
            low, high = sorted(map(number, rule.split("-")))
            return [service for service in services if low <= number(service.version) < high]
        return [service for service in services if number(service.version) == number(rule)]
    except ValueError:
        return services
