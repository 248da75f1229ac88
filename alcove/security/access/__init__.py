"""Access decides: permissions, actors, guards, actions, and the opening of a client's record.

Invariant: nothing is shown, opened or changed unless an actor holds the permission that the route and the action
declare; and whatever happens leaves an entry. Never: a door without a guard, a write outside an action, a person
let through because of who they are. Proved by ``tests/promises`` 8, 9, 10, 12 and 20.
"""
