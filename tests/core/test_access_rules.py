"""Users, roles, tokens and keys: how they come, change and go."""

import pytest
from muster_server.core.access_commands import (
    AccessPut,
    AccessRemoved,
    AddPermission,
    CreateAccessKey,
    CreateRole,
    CreateToken,
    CreateUser,
    DeleteAccessKey,
    DeleteRole,
    DeleteUser,
    GrantRole,
    RemovePermission,
    RevokeRole,
    RevokeToken,
    RotateSigningKey,
    SetPassword,
    UpdateRole,
    UpdateUser,
)
from muster_server.core.access_model import (
    ADMIN,
    AccessKey,
    Action,
    ApiToken,
    Permission,
    Principal,
    Resource,
    Role,
    SigningKey,
    User,
)
from muster_server.core.decide import decide
from muster_server.core.errors import MusterError, Reason
from muster_server.core.state import Limits

from core.story import World

PAY = Resource("prod", "g", "service", "pay")
READ_PAY = Permission("prod:*:service/pay", Action.READ)


def answer(world: World, command: object) -> object:
    turn = world.turn()
    answered = decide(turn, command)
    world.settle(turn)
    return answered


def refusal(world: World, command: object) -> Reason:
    before, turn = world.state.revision, world.turn()
    with pytest.raises(MusterError) as caught:
        decide(turn, command)
    assert world.state.revision == before
    return caught.value.reason


def peopled() -> World:
    world = World()
    answer(world, CreateUser(User("root", "hash"), is_first=True))
    answer(world, CreateRole(Role("reader", (READ_PAY,))))
    answer(world, CreateUser(User("ann", "hash", ("reader",))))
    return world


def may_read(world: World, name: str = "ann") -> bool:
    return world.state.access.may(Principal(name), Action.READ, PAY)


def test_the_first_user_is_administrator_and_there_is_no_second_first() -> None:
    world = World()

    made = answer(world, CreateUser(User("root", "hash"), is_first=True))

    assert isinstance(made, User)
    assert made.roles == (ADMIN,)
    assert made.revision == made.password_revision == world.state.revision
    assert refusal(world, CreateUser(User("eve", "hash"), is_first=True)) is Reason.USERS_EXIST
    assert refusal(world, CreateUser(User("root"))) is Reason.USER_EXISTS
    assert world.state.access.may(Principal("root"), Action.READ_WRITE, PAY)


def test_every_change_has_a_revision_of_its_own() -> None:
    world = peopled()
    before = world.state.revision

    answer(world, GrantRole("ann", ADMIN))
    answer(world, RevokeRole("ann", ADMIN))

    assert world.state.revision == before + 2
    assert world.state.access.users["ann"].revision == before + 2


def test_what_changes_nothing_has_no_revision() -> None:
    world = peopled()
    before = world.state.revision

    answer(world, GrantRole("ann", "reader"))
    answer(world, RevokeRole("ann", ADMIN))
    answer(world, AddPermission("reader", READ_PAY))
    answer(world, RemovePermission("reader", Permission("*:*:*", Action.READ)))

    assert world.state.revision == before


def test_a_permission_counts_from_its_addition_to_its_removal() -> None:
    world = peopled()
    seen = [may_read(world)]

    answer(world, RemovePermission("reader", READ_PAY))
    seen.append(may_read(world))
    answer(world, AddPermission("reader", READ_PAY))
    seen.append(may_read(world))
    answer(world, RevokeRole("ann", "reader"))
    seen.append(may_read(world))

    assert seen == [True, False, True, False]


def test_a_deleted_role_is_taken_from_its_holders() -> None:
    world = peopled()

    answer(world, DeleteRole("reader"))
    answer(world, CreateRole(Role("reader", (Permission("*:*:*", Action.READ_WRITE),))))

    assert world.state.access.users["ann"].roles == ()
    assert not may_read(world)


def test_a_deleted_user_takes_tokens_and_keys_along() -> None:
    world = peopled()
    answer(world, CreateToken(ApiToken("t", "ann", "digest")))
    answer(world, CreateAccessKey(AccessKey("k", "ann", b"sealed")))
    answer(world, CreateToken(ApiToken("u", "root", "other")))

    answer(world, DeleteUser("ann"))

    access = world.state.access
    assert (set(access.users), set(access.tokens), set(access.tokens_by_digest), set(access.access_keys)) == (
        {"root"},
        {"u"},
        {"other"},
        set(),
    )


def test_the_last_administrator_stays_one() -> None:
    world = peopled()

    assert refusal(world, DeleteUser("root")) is Reason.LAST_ADMIN
    assert refusal(world, RevokeRole("root", ADMIN)) is Reason.LAST_ADMIN
    answer(world, GrantRole("ann", ADMIN))
    answer(world, DeleteUser("root"))

    assert set(world.state.access.users) == {"ann"}


def test_a_login_counts_until_the_password_changes_or_the_user_goes() -> None:
    world = peopled()
    first = Principal("ann", password_revision=world.state.access.users["ann"].password_revision)
    seen = [world.state.access.is_valid(first, 0.0)]

    answer(world, SetPassword("ann", "other"))
    seen.append(world.state.access.is_valid(first, 0.0))
    second = Principal("ann", password_revision=world.state.access.users["ann"].password_revision)
    seen.append(world.state.access.is_valid(second, 0.0))
    answer(world, DeleteUser("ann"))
    answer(world, CreateUser(User("ann", "hash")))
    seen.append(world.state.access.is_valid(second, 0.0))

    assert seen == [True, False, True, False]


def test_a_token_counts_until_it_expires_or_is_revoked() -> None:
    world = peopled()
    token = answer(world, CreateToken(ApiToken("t", "ann", "digest", expire_time=world.turn().wall_s + 10)))
    assert isinstance(token, ApiToken)
    principal = Principal("ann", token_id="t", expire_time=token.expire_time)
    seen = [world.state.access.is_valid(principal, token.expire_time - at) for at in (1.0, 0.0)]

    answer(world, RevokeToken("t"))
    seen.append(world.state.access.is_valid(principal, token.expire_time - 1.0))

    assert seen == [True, False, False]


def test_a_new_token_sweeps_those_that_have_expired() -> None:
    world = peopled()
    answer(world, CreateToken(ApiToken("old", "ann", "1", expire_time=world.turn().wall_s + 10)))
    world.now_s += 20

    answer(world, CreateToken(ApiToken("new", "ann", "2")))

    assert set(world.state.access.tokens) == {"new"}
    assert refusal(world, CreateToken(ApiToken("x", "ann", "3", expire_time=1.0))) is Reason.INVALID_FIELD


def test_rotation_forgets_the_keys_it_is_told_to() -> None:
    world = World()
    for name in ("a", "b"):
        answer(world, RotateSigningKey(SigningKey(name, b"sealed")))

    answer(world, RotateSigningKey(SigningKey("c", b"sealed"), ("a", "gone already")))

    assert list(world.state.access.signing_keys) == ["b", "c"]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (SetPassword("bob", ""), Reason.USER_NOT_FOUND),
        (DeleteUser("bob"), Reason.USER_NOT_FOUND),
        (GrantRole("bob", "reader"), Reason.USER_NOT_FOUND),
        (GrantRole("ann", "writer"), Reason.ROLE_NOT_FOUND),
        (RevokeRole("bob", "reader"), Reason.USER_NOT_FOUND),
        (CreateUser(User("bob", roles=("writer",))), Reason.ROLE_NOT_FOUND),
        (CreateRole(Role("reader")), Reason.ROLE_EXISTS),
        (CreateRole(Role("admin")), Reason.ROLE_EXISTS),
        (DeleteRole("admin"), Reason.ROLE_BUILT_IN),
        (DeleteRole("writer"), Reason.ROLE_NOT_FOUND),
        (AddPermission("admin", READ_PAY), Reason.ROLE_BUILT_IN),
        (AddPermission("writer", READ_PAY), Reason.ROLE_NOT_FOUND),
        (RemovePermission("writer", READ_PAY), Reason.ROLE_NOT_FOUND),
        (CreateToken(ApiToken("t", "bob", "")), Reason.USER_NOT_FOUND),
        (RevokeToken("t"), Reason.TOKEN_NOT_FOUND),
        (CreateAccessKey(AccessKey("k", "bob", b"")), Reason.USER_NOT_FOUND),
        (DeleteAccessKey("k"), Reason.ACCESS_KEY_NOT_FOUND),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(command: object, reason: Reason) -> None:
    assert refusal(peopled(), command) is reason


def test_a_full_table_takes_no_more() -> None:
    world = World(limits=Limits(max_access_records=1))
    answer(world, CreateUser(User("root"), is_first=True))

    for command in (
        CreateUser(User("ann")),
        CreateRole(Role("r")),
        CreateToken(ApiToken("t", "root", "")),
        CreateAccessKey(AccessKey("k", "root", b"")),
    ):
        assert refusal(world, command) is Reason.LIMIT_EXCEEDED


def test_events_say_what_is_and_what_is_no_more() -> None:
    world = peopled()
    turn = world.turn()

    decide(turn, DeleteRole("reader"))

    assert [type(event) for event in turn.events] == [AccessPut, AccessRemoved]


def test_an_update_changes_what_it_names_and_the_same_again_is_no_change() -> None:
    world = peopled()
    change = UpdateUser("ann", roles=("admin", "reader", "admin"))

    changed = answer(world, change)
    before = world.state.revision
    answer(world, change)

    assert isinstance(changed, User)
    assert (changed.roles, changed.is_suspended) == (("admin", "reader"), False)
    assert world.state.revision == before
    role = answer(world, UpdateRole("reader", permissions=()))
    assert isinstance(role, Role)
    assert role.permissions == ()
    assert not may_read(world, "nobody")


def test_a_suspended_user_proves_nothing_until_it_is_lifted() -> None:
    world = peopled()
    ann = Principal("ann", password_revision=world.state.access.users["ann"].password_revision)
    answer(world, CreateToken(ApiToken("t", "ann", "digest")))
    token = Principal("ann", token_id="t")
    seen = []

    for is_suspended in (False, True, False):
        answer(world, UpdateUser("ann", is_suspended=is_suspended))
        seen.append([world.state.access.is_valid(one, 0.0) for one in (ann, token, Principal("ann", is_certified=True))])

    assert seen == [[True] * 3, [False] * 3, [True] * 3]


def test_the_last_administrator_is_neither_suspended_nor_changed_and_suspended_ones_do_not_count() -> None:
    world = peopled()

    assert refusal(world, UpdateUser("root", is_suspended=True)) is Reason.LAST_ADMIN
    assert refusal(world, UpdateUser("root", roles=("reader",))) is Reason.LAST_ADMIN
    answer(world, UpdateUser("ann", roles=("admin",), is_suspended=True))
    assert refusal(world, DeleteUser("root")) is Reason.LAST_ADMIN
    answer(world, UpdateUser("ann", is_suspended=False))
    answer(world, UpdateUser("root", is_suspended=True))


def test_updates_of_what_is_not_there_are_refused() -> None:
    world = peopled()

    assert refusal(world, UpdateUser("bob")) is Reason.USER_NOT_FOUND
    assert refusal(world, UpdateUser("ann", roles=("none",))) is Reason.ROLE_NOT_FOUND
    assert refusal(world, UpdateRole("none")) is Reason.ROLE_NOT_FOUND
    assert refusal(world, UpdateRole("admin")) is Reason.ROLE_BUILT_IN
    assert refusal(world, UpdateRole("reader", attributes={"": "x"})) is Reason.INVALID_FIELD


def test_a_role_in_use_goes_only_if_that_is_said() -> None:
    world = peopled()

    assert refusal(world, DeleteRole("reader", only_unused=True)) is Reason.ROLE_IN_USE
    answer(world, RevokeRole("ann", "reader"))
    answer(world, DeleteRole("reader", only_unused=True))
    assert "reader" not in world.state.access.roles


def test_users_and_roles_say_when_they_were_made_and_changed() -> None:
    world = peopled()
    made = world.state.access.users["ann"], world.state.access.roles["reader"]
    world.advance(5)

    answer(world, UpdateUser("ann", is_suspended=True))
    answer(world, UpdateRole("reader", permissions=()))
    changed = world.state.access.users["ann"], world.state.access.roles["reader"]

    for before, after in zip(made, changed, strict=True):
        assert (after.create_time, after.update_time) == (before.create_time, before.update_time + 5)
