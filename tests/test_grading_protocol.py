"""The line between the two processes: what is sent arrives, and nothing that is sent from the wrong side does harm."""

import collections
import json
import math
import signal
import socket
import tempfile
import threading
import time

import numpy as np
import pytest
from gradschool.grading import channel as channels
from gradschool.grading import standin
from gradschool.grading.channel import Channel, Closed, ProtocolError, TooLate
from gradschool.grading.protocol import Codec
from gradschool.grading.surroundings import Folder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers()
    | hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0)),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=20,
)  # fmt: skip
SLOW = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))


def there_and_back(value):
    tree, frames = Codec().encode(value)
    return Codec().decode(json.loads(json.dumps(tree)), [bytearray(f) for f in frames])


def same(a, b):
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    return type(a) is type(b) and (a == b or (isinstance(a, float) and math.isnan(a) and math.isnan(b)))


@SLOW
@given(PLAIN)
def test_what_is_sent_arrives(value):
    assert same(value, there_and_back(value))


@pytest.mark.parametrize(
    "value", [{1, 2}, frozenset("a"), slice(1, None, 2), range(1, 9, 3), Ellipsis, 10**400, "\ud800", -0.0]
)
def test_the_rest_of_plain_data(value):
    assert there_and_back(value) == value


def test_the_order_of_an_array_in_memory_is_kept():
    value = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    assert there_and_back(value).flags.f_contiguous and not there_and_back(value).flags.c_contiguous


def test_arrays_that_arrive_can_be_written_to():
    there_and_back(np.zeros(3))[0] = 1


class Liar:
    """Mixed into a plain type: says something else at every turn."""

    def __eq__(self, other):
        return True

    def __len__(self):
        return 99

    def __iter__(self):
        return iter([99])

    def __float__(self):
        return 99.0

    def __array__(self, *_, **__):
        return np.full(3, 99)

    def items(self):
        return [(99, 99)]

    __hash__ = object.__hash__


@pytest.mark.parametrize(
    "base, value", [(list, [1]), (tuple, (1,)), (dict, {1: 2}), (int, 5), (float, 2.5), (str, "a"), (set, {3})]
)
def test_subclasses_are_sent_as_what_they_inherit(base, value):
    result = there_and_back(type("Lying", (Liar, base), {})(value))
    assert type(result) is base
    assert result == value


def test_subclasses_of_arrays_and_dicts_too():
    assert type(there_and_back(np.ma.array([1.0]))) is np.ndarray
    assert type(there_and_back(np.ones(2).view(type("A", (Liar, np.ndarray), {})))) is np.ndarray
    assert there_and_back(collections.OrderedDict(b=1, a=2)) == {"b": 1, "a": 2}
    assert there_and_back(collections.Counter("aab")) == {"a": 2, "b": 1}


def test_what_cannot_be_sent_says_so():
    deep = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(ValueError, match="deep"):
        Codec().encode(deep)
    with pytest.raises(TypeError, match="cannot send a object"):
        Codec().encode(object())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["tuple", "set", "frozenset", "dict", "complex", "bytes", "array", "scalar", "slice", "range",
                         "ellipsis", "handle", "callback", "ref", "pickle", "x"]),
        inner, max_size=2,
    )
    | st.tuples(st.sampled_from(["<f8", "|b1", "<U2", "|O", "<M8[s]", "V8", "<f8,<i4", "<U0"]), inner, st.sampled_from("CF"), inner).map(list),
    max_leaves=12,
)  # fmt: skip


class _NoStudent:
    def __init__(self):
        self.limits = {}


@settings(SLOW, max_examples=600)
@given(JSON, st.lists(st.binary(max_size=40), max_size=3))
def test_any_tree_is_data_or_an_error(tree, frames):
    """The decoder of the side that marks: whatever comes, a value made of harmless types or a ProtocolError."""
    try:
        value = standin._Codec(_NoStudent()).decode(tree, [bytearray(f) for f in frames])
    except ProtocolError:
        return
    todo = [value]
    while todo:
        value = todo.pop()
        harmless = (type(None), bool, int, float, complex, str, bytes, slice, range, type(...), standin.StandIn)
        if isinstance(value, (list, tuple, set, frozenset)):
            todo += value
        elif isinstance(value, dict):
            todo += [*value, *value.values()]
        elif isinstance(value, (np.ndarray, np.generic)):
            assert value.dtype.kind in "biufcSUmM"
        else:
            assert type(value) in harmless


@SLOW
@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda b: channels.MAGIC + b))
def test_any_bytes_are_a_message_or_an_error(data):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        try:
            header, _ = Channel(ours).receive(time.monotonic() + 5)
        except ProtocolError:
            return
        assert type(header) is dict


def test_lengths_are_checked_before_anything_is_allocated():
    for prefix in (
        channels._PREFIX.pack(channels.MAGIC, 2**32 - 1, 0),
        channels._PREFIX.pack(channels.MAGIC, 2, 2**32 - 1),
        channels._PREFIX.pack(channels.MAGIC, 2, 1) + (2**63).to_bytes(8, "big"),
    ):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.sendall(prefix)
            with pytest.raises(ProtocolError):
                Channel(ours).receive(time.monotonic() + 5)


def test_bools_that_are_neither_true_nor_false():
    value = Codec().decode({"array": ["|b1", [3], "C", 0]}, [bytearray([0, 1, 77])])
    assert value.view(np.uint8).tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    "tree",
    [
        {"array": ["|O", [1], "C", 0]},
        {"array": ["<f8", [-1], "C", 0]},
        {"array": ["<f8", [2**62, 2**62], "C", 0]},
        {"array": ["<f8", [2], "C", 0]},
        {"array": ["<f8", [1], "C", 5]},
        {"array": ["<f8", [True], "C", 0]},
        {"array": ["<U2", [1], "C", 0]},
        {"scalar": ["|O", "00" * 8]},
        {"dict": [[[], 1]]},
        {"set": [{"dict": []}]},
        {"pickle": 0},
        {"ref": ["os", "system"]},
        {"callback": 0},
        {"handle": ["1", "x", True]},
    ],
    ids=str,
)
def test_malformed_values(tree):
    with pytest.raises(ProtocolError):
        standin._Codec(_NoStudent()).decode(tree, [bytearray(b"\xff" * 8)])


def test_an_alarm_rings_while_numbers_of_one_hash_are_put_into_a_set():
    def ring(*_):
        raise InterruptedError

    tree = {"set": [k * (2**61 - 1) for k in range(40_000)]}  # each is compared with all before it
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    began = time.monotonic()
    try:
        with pytest.raises(InterruptedError):
            standin._Codec(_NoStudent()).decode(tree, [])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - began < 3


def test_nesting_that_would_break_the_parser():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        text = b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
        thread = threading.Thread(
            target=theirs.sendall, args=(channels._PREFIX.pack(channels.MAGIC, len(text), 0) + text,)
        )
        thread.start()
        with pytest.raises(ProtocolError):
            Channel(ours).receive(time.monotonic() + 20)
        thread.join()


def test_a_part_of_a_message_is_waited_for_and_kept():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        message = channels._PREFIX.pack(channels.MAGIC, 8, 0) + b'{"a": 1}'
        channel = Channel(ours)
        theirs.sendall(message[:14])
        with pytest.raises(TooLate):
            channel.receive(time.monotonic() + 0.05)
        theirs.sendall(message[14:])
        assert channel.receive(time.monotonic() + 5)[0] == {"a": 1}
        theirs.close()
        with pytest.raises(Closed):
            channel.receive(time.monotonic() + 5)


class _Puppet:
    """In the place of a student's process: answers each request with the next of the given replies."""

    def __init__(self, replies):
        ours, self.theirs = socket.socketpair()
        self.channel, self.replies = Channel(ours), replies
        self.thread = threading.Thread(target=self._answer, daemon=True)
        self.thread.start()

    def _answer(self):
        channel = Channel(self.theirs)
        try:
            for reply, frames in self.replies:
                header, _ = channel.receive(time.monotonic() + 2)
                if isinstance(reply, bytes):
                    self.theirs.sendall(reply)
                else:
                    channel.send({"reply": header.get("id")} | reply, frames)
        except (ProtocolError, TooLate, OSError, ValueError):
            pass
        self.theirs.close()

    def interrupt(self):
        pass

    def kill(self):
        self.channel.close()
        self.thread.join(5)


REPLIES = st.lists(
    st.tuples(
        st.dictionaries(
            st.sampled_from(
                ["value", "error", "callback", "reply", "changed", "args", "kwargs", "id"]
                + ["printed", "random", "files", "opened", "warned"]
            ),
            JSON,
        )
        | st.binary(max_size=60),
        st.lists(st.binary(max_size=16), max_size=2),
    ),
    max_size=8,
)
TEST = """
wanted = 0.12345678901234567
got = f([1.0, 2.0], key=lambda x: x)
assert abs(got - wanted) < 1e-12
np.testing.assert_allclose(got, wanted)
assert got == wanted
"""


@settings(SLOW, max_examples=120)
@given(REPLIES)
def test_no_reply_earns_a_mark_or_does_harm(replies):
    """A student's process that sends anything at all: the test ends, in an exception, and soon."""
    puppet = _Puppet(replies)
    limits = {"total_seconds": 3.0, "cell_seconds": 1.0}
    folder = tempfile.TemporaryDirectory()
    student = standin.Student(None, {"limits": limits}, Folder(folder.name))
    student.write_back = len(replies) % 2 == 1
    student._copy, student.cell_end, standin_grace = puppet, time.monotonic() + 1.0, standin.GRACE_SECONDS
    standin.GRACE_SECONDS = 0.1
    names = standin.Names(student)
    names["np"] = np
    began = time.monotonic()
    try:
        exec(TEST, names)  # noqa: S102
    except (Exception, standin.TimeUp, standin.Died):  # noqa: BLE001, S110
        pass
    else:
        pytest.fail(f"earned by {replies}")
    finally:
        standin.GRACE_SECONDS = standin_grace
        student.close()
        folder.cleanup()
    assert time.monotonic() - began < 3
