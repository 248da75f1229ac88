"""Several pieces at once: in order, no further than the first that fails, and nothing forgotten."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from alcove.operations.backups import buckets
from alcove.operations.backups.faults import PlaceFails
from alcove.operations.backups.places import Folder
from alcove.operations.backups.reading import in_lanes
from alcove.security.vault.s3 import Address


def test_answers_come_in_order_and_the_first_that_fails_is_about_the_last():
    begun, said = [], []

    def deed(number):
        begun.append(number)
        if number == 50:
            raise PlaceFails("it is full")
        return number * 2

    with pytest.raises(PlaceFails, match="full"):
        said.extend(in_lanes(SimpleNamespace(lanes=2), deed, iter(range(10_000))))
    assert said == [(one, one * 2) for one in range(50)]
    assert max(begun) < 50 + 20
    assert len(set(begun)) == len(begun)


@pytest.mark.parametrize("lanes", [1, 2, 8])
def test_every_answer_stands_beside_what_was_given(lanes):
    given = list(range(200))
    assert list(in_lanes(SimpleNamespace(lanes=lanes), str, given)) == [(one, str(one)) for one in given]


def test_a_lane_that_asks_late_does_not_forget_what_another_put(monkeypatch, tmp_path):
    bucket = buckets.Bucket(Address("b", "", "http://127.0.0.1:9", "us-east-1", None), tmp_path)
    first_asks, second_is_done = threading.Event(), threading.Event()

    def listed(under):
        if not first_asks.is_set():
            first_asks.set()
            # With the lists kept apart the other lane is done by now; else it waits for this one.
            second_is_done.wait(1)
        return iter(())

    monkeypatch.setattr(bucket, "_listed", listed)
    monkeypatch.setattr(bucket, "_ask", lambda call, **given: {"VersionId": "1"})
    late = threading.Thread(target=bucket.put, args=("objects/a", [b"a"]))
    late.start()
    assert first_asks.wait(60)

    def put():
        bucket.put("objects/b", [b"b"])
        second_is_done.set()

    other = threading.Thread(target=put)
    other.start()
    late.join(60)
    other.join(60)
    assert (bucket.turns("objects/a"), bucket.turns("objects/b")) == (1, 1)


def test_a_folder_takes_pieces_while_others_are_made(tmp_path):
    place = Folder(tmp_path, is_own=True)
    names = [f"objects/{number % 7}/{number}" for number in range(100)]
    sizes = dict(in_lanes(place, lambda name: place.put(name, [name.encode()]), names))
    assert all((tmp_path / name).read_bytes() == name.encode() for name in names)
    assert sizes == {name: len(name) for name in names}
