"""Messages between two processes of the marking: a JSON header and raw frames, each with its length in front.

Everything is checked before it is used, lengths before they are allocated; whatever is wrong with what arrives is a
`ProtocolError`, nothing else. What the messages may hold: `gradschool.grading.protocol`.
"""

import json
import select
import struct
import time

MAGIC = b"gs1\n"
MAX_HEADER = 32 << 20
MAX_FRAMES = 4096
MAX_TOTAL = 512 << 20
SMALL = 1 << 16

_PREFIX = struct.Struct(">4sII")


class ProtocolError(Exception):
    """What arrived is not a message, or not one that is allowed."""


class Closed(ProtocolError):
    """The other process is gone."""


class TooLate(Exception):
    """Nothing arrived in time."""


class Channel:
    """Messages over a connected stream socket. ``max_header`` is more than usual where both ends are ours."""

    def __init__(self, sock, max_header=MAX_HEADER):
        self.socket, self.max_header = sock, max_header
        self.socket.setblocking(True)
        self._buffer = bytearray()

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        self.socket.close()

    def send(self, header, frames=(), deadline=None):
        """Send one message. Raises `Closed`, `TooLate`, or ValueError when it is larger than the receiver allows."""
        text = json.dumps(header).encode("ascii")
        sizes = [len(frame) for frame in frames]
        if len(text) > self.max_header or len(sizes) > MAX_FRAMES or len(text) + sum(sizes) > MAX_TOTAL:
            raise ValueError(f"a message of {(len(text) + sum(sizes)) >> 20} MB is too large to be sent.")
        prefix = _PREFIX.pack(MAGIC, len(text), len(sizes)) + struct.pack(f">{len(sizes)}Q", *sizes)
        try:
            if sum(sizes) < SMALL:  # in one go: each piece would wake the receiver
                self._send_all(b"".join((prefix, text, *frames)), deadline)
                return
            self._send_all(prefix + text, deadline)
            for frame in frames:
                self._send_all(frame, deadline)
        except TimeoutError:
            raise TooLate from None
        except OSError:
            raise Closed("the other process is gone") from None

    def receive(self, deadline=None):
        """Return the next (header, frames). Raises `Closed`, `TooLate` or `ProtocolError`.

        After TooLate the part that came is kept; after any other error the channel is of no more use.
        """
        self._fill(_PREFIX.size, deadline)
        magic, length, count = _PREFIX.unpack_from(self._buffer)
        if magic != MAGIC or length > self.max_header or count > MAX_FRAMES:
            raise ProtocolError("not a message")
        start = _PREFIX.size + 8 * count
        self._fill(start, deadline)
        sizes = struct.unpack_from(f">{count}Q", self._buffer, _PREFIX.size)
        if length + sum(sizes) > MAX_TOTAL:
            raise ProtocolError("a message is too large")
        end = start + length + sum(sizes)
        self._fill(end, deadline)
        header = _parse(bytes(self._buffer[start : start + length]))
        frames, at = [], start + length
        for size in sizes:
            frames.append(self._buffer[at : at + size])
            at += size
        del self._buffer[:end]
        return header, frames

    def waiting(self):
        """Whether something has arrived or the other side has closed."""
        return bool(self._buffer) or bool(select.select([self.socket], [], [], 0)[0])

    def _send_all(self, data, deadline):
        view = memoryview(data).cast("B")
        while view:
            self._patience(deadline)
            view = view[self.socket.send(view[: 1 << 20]) :]

    def _fill(self, size, deadline):
        while len(self._buffer) < size:
            self._patience(deadline)
            try:
                data = self.socket.recv(min(max(size - len(self._buffer), 1 << 16), 1 << 22))
            except TimeoutError:
                raise TooLate from None
            except OSError:
                raise Closed("the other process is gone") from None
            if not data:
                raise Closed("the other process is gone")
            self._buffer += data

    def _patience(self, deadline):
        if deadline is None:
            self.socket.settimeout(None)
            return
        left = deadline - time.monotonic()
        if left <= 0:
            raise TooLate
        self.socket.settimeout(left)


def _parse(data):
    try:
        header = json.loads(data)
    except (ValueError, RecursionError):
        raise ProtocolError("the header is not JSON") from None
    if type(header) is not dict:
        raise ProtocolError("the header is not an object")
    return header
