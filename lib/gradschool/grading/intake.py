"""What students handed in, turned into notebooks that are safe to mark.

Whatever arrives is data. The instructor's released notebook is the frame: its cells, their order and all metadata.
From the student come the text of the answer cells and, in their place, the extra cells they wrote. Answer cells are
taken by their ``grade_id``. Where that was lost they are recognized by, in this order, the cell's id, the names it
defines, a text that no other cell has, and its place between two known cells; a note says so. Outputs, metadata and
changes to read-only cells are left behind.

Nothing here runs or compiles what a student wrote, follows a link, or raises for any content.

`rebuild` does this for one notebook, `take_in` for the folder of one student. Originals are only read.
"""

import copy
import itertools
import json
import os
import re
import stat
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path, PurePosixPath

import dateutil.parser
from nbformat.notebooknode import from_dict

MAX_BYTES = 256 << 20  # of one notebook file; of a longer one the beginning is read
MAX_CELLS = 5_000
MAX_TEXT = 4_000_000  # characters of one cell
MAX_ATTACHMENTS = 32 << 20  # characters of pictures pasted into one cell
MAX_FILES = 1_000  # other files beside the notebooks
MAX_FILES_BYTES = 256 << 20
MAX_STAND_INS = 20  # files looked at when the notebook asked for is not there
PARSE_WHOLE = 8 << 20  # longer files are read without building their outputs in memory
NOT_FOR_STUDENTS_CODE = {"timestamp.txt", "submission_secret.txt"}


@dataclass(frozen=True)
class Note:
    """A sentence about what was found and what was done, for the student and the instructor alike.

    ``kind`` is one of: encoding, damaged, unreadable, script, old-format, too-long, cleaned, recovered, duplicate,
    missing-answer, restored, cell-type, renamed, extra-notebook, missing-notebook, not-a-file, timestamp, dropped.
    ``cell`` is the grade_id concerned, ``notebook`` the name of the notebook; either may be None.
    """

    kind: str
    sentence: str
    cell: str | None = None
    notebook: str | None = None


@dataclass(frozen=True)
class Intake:
    """One student's submission, ready to be marked.

    Attributes
    ----------
    notebooks : dict of str to NotebookNode
        For every released notebook (by file name) the rebuilt one; where nothing could be read, the released one.
    source : dict of str to (str or None)
        The file in the submission that each came from; None where nothing usable was found. A mark for such a
        notebook is no mark: whoever reports it must say so.
    timestamp : datetime or None
        When it was submitted, in UTC; None when the submission holds no timestamp.
    files : dict of str to Path
        The other files in the submission that the student's code may read, by their path inside the folder.
    notes : tuple of Note
    """

    notebooks: dict
    source: dict
    timestamp: datetime | None
    files: dict
    notes: tuple

    def write(self, folder):
        """Write notebooks, other files and timestamp into ``folder``, as nbgrader wants to find a submission."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, notebook in self.notebooks.items():
            text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
            (folder / name).write_text(text + "\n", encoding="utf-8")
        for name, path in self.files.items():
            data = read_file(path, MAX_FILES_BYTES)
            if data is not None:
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
        if self.timestamp:
            (folder / "timestamp.txt").write_text(f"{self.timestamp:%Y-%m-%d %H:%M:%S.%f} UTC\n", encoding="utf-8")


def rebuild(release, submitted):
    """Return the released notebook with the answers and extra cells found in ``submitted``.

    Parameters
    ----------
    release : NotebookNode
        The notebook as students got it (nbformat 4): the frame. It must not hold solutions, because where an answer
        is missing the student gets what the frame says there.
    submitted : bytes
        The file as it came.

    Returns
    -------
    notebook : NotebookNode
        Valid nbformat 4, without outputs. The same bytes always give the same notebook.
    notes : list of Note

    Raises
    ------
    ValueError
        When ``release`` holds solutions. Never because of ``submitted``.
    """
    notebook, notes, _ = _rebuild(release, submitted)
    return (_blank(release) if notebook is None else notebook), notes


def _rebuild(release, submitted):
    """Return (notebook or None when nothing could be read, notes, how many answers were surely written)."""
    _refuse_solutions(release)
    frame = [_Slot.of(cell) for cell in release.cells]
    notes = []
    cells = _read_cells(submitted, frame, notes)
    if cells is None:
        return None, notes, 0
    found, sure = _match(frame, cells, notes)
    written = sum(frame[i].role == "answer" and cells[found[i]].key != frame[i].key for i in sure)
    return _assemble(release, frame, cells, found, notes), notes, written


def take_in(folder, releases):
    """Take in what one student handed in for one assignment.

    Parameters
    ----------
    folder : path
        ``submitted/<student>/<assignment>``. Only read.
    releases : dict of str to NotebookNode
        The released notebooks by file name.

    Returns
    -------
    Intake
    """
    notes = []
    found = _walk(Path(folder), notes)
    chosen = _choose(found, releases, notes)
    rebuilt, source = {}, {}
    for name, release in releases.items():
        source[name], rebuilt[name], own = chosen[name]
        if rebuilt[name] is None:
            rebuilt[name] = _blank(release)
        notes += [Note(n.kind, n.sentence, n.cell, name) for n in own]
    timestamp = _timestamp(found.get("timestamp.txt"), notes)
    files = _other_files(found, notes)
    return Intake(rebuilt, source, timestamp, files, tuple(notes))


# ---------------------------------------------------------------------------------------------------------------------
# One cell


@dataclass
class _Cell:
    """What is worth knowing of a cell of either notebook."""

    type: str
    text: str
    grade_id: str | None = None
    id: str | None = None
    attachments: dict = field(default_factory=dict)
    cleaned: bool = False

    @cached_property
    def key(self):
        """The text as far as two cells count as the same: spaces at the ends of lines do not matter."""
        return "\n".join(line.rstrip() for line in self.text.strip().split("\n"))

    @cached_property
    def names(self):
        """What the cell defines. By pattern, not by parsing: a parser can be made to crash."""
        if self.type == "markdown":
            return frozenset()
        return frozenset(m[1] or m[2] for m in _DEFINES.finditer(self.text))


@dataclass
class _Slot(_Cell):
    """A cell of the released notebook. ``role``: answer (the student's text), locked (ours), plain (anybody's)."""

    role: str = "plain"
    graded: bool = False

    @classmethod
    def of(cls, raw):
        cell = _cell(raw)
        marks = raw.get("metadata", {}).get("nbgrader") or {}
        if cell.grade_id is None:
            role = "plain"
        elif marks.get("solution"):
            role = "answer"
        elif marks.get("grade") or marks.get("locked") or marks.get("task"):
            role = "locked"
        else:
            role = "plain"
        return cls(cell.type, cell.text, cell.grade_id, cell.id, role=role, graded=bool(marks.get("grade")))


_DEFINES = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]*)?=(?!=)", re.MULTILINE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TYPES = {"code": "code", "markdown": "markdown", "heading": "markdown", "html": "markdown", "raw": "raw"}


def _cell(raw):
    """Read a cell of any nbformat; missing keys and wrong types count as empty. None for what is no cell."""
    if not isinstance(raw, dict):
        return None
    kind = raw.get("cell_type")
    text = raw.get("source", raw.get("input"))
    if isinstance(text, list):
        text = "".join(line for line in text if isinstance(line, str))
    if not isinstance(text, str):
        if not isinstance(kind, str):
            return None
        text = ""
    metadata = raw.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = marks.get("grade_id") if isinstance(marks, dict) else None
    own_id = raw.get("id")
    unclean = text.replace("\r\n", "\n").replace("\r", "\n")
    clean = _SURROGATE.sub("\ufffd", _CONTROL.sub("", unclean))
    return _Cell(
        type=_TYPES.get(kind, "code") if isinstance(kind, str) else "code",
        text=clean,
        grade_id=grade_id if isinstance(grade_id, str) and grade_id else None,
        id=own_id if isinstance(own_id, str) and own_id else None,
        attachments=_attachments(raw.get("attachments")),
        cleaned=clean != unclean,
    )


def _attachments(raw):
    """Pictures pasted into a written answer, as far as they are well formed."""
    if not isinstance(raw, dict):
        return {}
    kept, size = {}, 0
    for name, versions in raw.items():
        for mime, data in versions.items() if isinstance(versions, dict) else ():
            if isinstance(mime, str) and mime.startswith("image/") and isinstance(data, str):
                size += len(data)
                if size <= MAX_ATTACHMENTS:
                    name_, data_ = (_SURROGATE.sub("\ufffd", text) for text in (name, data))
                    kept.setdefault(name_, {})[_SURROGATE.sub("\ufffd", mime)] = data_
    return kept


# ---------------------------------------------------------------------------------------------------------------------
# From bytes to cells


def _read_cells(data, frame, notes):
    """Return the cells that can be read from ``data``, or None when there are none."""
    if len(data) > MAX_BYTES:
        notes.append(Note("too-long", f"The file is longer than {MAX_BYTES >> 20} MB; only its beginning was read."))
        data = data[:MAX_BYTES]
    if not data.strip(b"\x00 \t\r\n"):
        notes.append(Note("unreadable", "The file is empty."))
        return None
    data = _as_utf8(data, notes)
    raw, whole = _parse(data)
    cells, old = _cells_of(raw)
    cells = [cell for cell in map(_cell, cells) if cell is not None]
    if not cells:
        script = _script(data, frame)
        if script:
            notes.append(Note("script", "The file is a Python script, not a notebook; it was run as one cell."))
            return [script]
        notes.append(Note("unreadable", "No cell could be read from the file: it is not a notebook."))
        return None
    if not whole:
        notes.append(Note("damaged", f"The file is cut off or damaged; {_count(len(cells), 'cell')} could be read."))
    if old:
        notes.append(Note("old-format", "The notebook is in an old format (nbformat 3 or earlier); it was converted."))
    return _within_limits(cells, notes)


def _within_limits(cells, notes):
    if len(cells) > MAX_CELLS:
        notes.append(Note("dropped", f"The notebook has {len(cells)} cells; the first {MAX_CELLS} were used."))
        cells = cells[:MAX_CELLS]
    for number, cell in enumerate(cells, 1):
        where = f"answer {cell.grade_id!r}" if cell.grade_id else f"cell {number}"
        if len(cell.text) > MAX_TEXT:
            notes.append(
                Note("dropped", f"The text of {where} is longer than {MAX_TEXT:,} characters and was left out.")
            )
            cell.text = ""
        elif cell.cleaned:
            notes.append(Note("cleaned", f"Control characters were removed from {where}.", cell.grade_id))
    return cells


def _as_utf8(data, notes):
    """Return ``data`` in UTF-8 without a byte order mark. Bytes that are not UTF-8 count as Windows-1252."""
    encoding = json.detect_encoding(data)
    if encoding.startswith(("utf-16", "utf-32")):
        notes.append(Note("encoding", f"The file is in {encoding.upper()[:6]}, not UTF-8; it was converted."))
        return data.decode(encoding, "replace").encode("utf-8", "replace")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        notes.append(Note("encoding", "The file is not valid UTF-8; other characters were read as Windows-1252."))
        return data.decode("utf-8", "surrogateescape").translate(_WINDOWS_1252).encode("utf-8")
    return data


# Bytes that are no UTF-8, as Windows-1252 and where that has no character as Latin-1.
_NOT_IN_1252 = {0x81, 0x8D, 0x8F, 0x90, 0x9D}
_WINDOWS_1252 = {
    0xDC00 + b: bytes([b]).decode("latin-1" if b in _NOT_IN_1252 else "cp1252") for b in range(0x80, 0x100)
}


def _parse(data):
    """Return (value, whether the file is whole and valid JSON). Huge and broken files are read cell by cell."""
    if len(data) <= PARSE_WHOLE:
        try:
            return json.loads(data.decode("utf-8"), strict=False), True
        except ValueError:
            return _Tolerant(data).read(), False
        except RecursionError:
            pass
    reader = _Tolerant(data)
    return reader.read(), reader.whole


def _cells_of(raw):
    """Return (list of raw cells, whether the format is older than 4)."""
    if isinstance(raw, list):
        return raw, False
    if not isinstance(raw, dict):
        return [], False
    if isinstance(raw.get("cells"), list) and raw["cells"]:
        return raw["cells"], False
    sheets = raw.get("worksheets")
    sheets = sheets if isinstance(sheets, list) else []
    cells = [c for s in sheets if isinstance(s, dict) and isinstance(s.get("cells"), list) for c in s["cells"]]
    return cells, bool(cells)


def _script(data, frame):
    """A Python file that defines what was asked for or what the visible tests use, as one code cell."""
    cell = _cell({"cell_type": "code", "source": data[: MAX_TEXT + 1].decode("utf-8", "replace")})
    asked = {name for slot in frame if slot.role == "answer" for name in slot.names}
    asked |= {word for slot in frame if slot.role == "locked" for word in re.findall(r"\w+", slot.text)}
    return cell if cell.names & asked and data.lstrip()[:1] not in (b"{", b"[") else None


class _Tolerant:
    """A reader of broken or huge JSON that keeps the cells of a notebook and skips everything large.

    Commas and colons are ignored, a string ends with its line, a wrong bracket closes what is open, and what is
    neither is passed over: after a slip, a cut or a merge conflict the reader finds its feet at the next bracket.
    """

    _token = re.compile(rb'"(?:[^"\\\n]++|\\.)*+(?:"|$|(?=\n)|\\?$)|[][{}]|[^][{}",:\s]++', re.DOTALL)
    _skipped = frozenset({"outputs", "output", "widgets", "prompt_number", "execution_count"})
    _deepest = 12

    def __init__(self, data):
        self._tokens = (match[0] for match in self._token.finditer(data))
        self.whole = True

    def read(self):
        """Return the first object or list in the data, or None."""
        for token in self._tokens:
            if token in (b"{", b"["):
                value = self._value(token, 0)
                if next(self._tokens, None) is not None:
                    self.whole = False
                return value
            self.whole = False
        self.whole = False
        return None

    def _value(self, token, depth):
        if token in (b"{", b"["):
            if depth > self._deepest:
                self._skip(token)
                return None
            return self._object(depth) if token == b"{" else self._list(depth)
        return self._string(token) if token[:1] == b'"' else None

    def _object(self, depth):
        result = {}
        for token in self._tokens:
            if token in (b"}", b"]"):
                self.whole &= token == b"}"
                return result
            if token[:1] != b'"':
                self.whole = False
                self._skip(token)
                continue
            key, value = self._string(token), next(self._tokens, None)
            if value is None or value in (b"}", b"]"):
                self.whole = False
                return result
            if key in self._skipped:
                self._skip(value)
            else:
                result[key] = self._value(value, depth + 1)
        self.whole = False
        return result

    def _list(self, depth):
        result = []
        for token in self._tokens:
            if token in (b"}", b"]"):
                self.whole &= token == b"]"
                return result
            result.append(self._value(token, depth + 1))
        self.whole = False
        return result

    def _skip(self, token):
        open_ = token in (b"{", b"[")
        while open_:
            token = next(self._tokens, None)
            if token is None:
                self.whole = False
                return
            open_ += (token in (b"{", b"[")) - (token in (b"}", b"]"))

    def _string(self, token):
        for end in (b"", b'"', b'\\"'):
            try:
                value = json.loads((token + end).decode("utf-8"), strict=False)
            except ValueError:
                self.whole = False
                continue
            self.whole &= not end
            return value
        return token[1:].decode("utf-8", "replace")


# ---------------------------------------------------------------------------------------------------------------------
# Which of the student's cells is which


def _match(frame, cells, notes):
    """Return {index in the frame: index in the submission} and the set of those that are beyond doubt."""
    found, taken = {}, set()

    def take(i, k, how=None):
        found[i] = k
        taken.add(k)
        if how and frame[i].role == "answer":
            sentence = f"The answer {frame[i].grade_id!r} had lost its grading metadata; it was recognized by {how}."
            notes.append(Note("recovered", sentence, frame[i].grade_id))

    def wanted(role=("answer", "locked", "plain")):
        return [(i, slot) for i, slot in enumerate(frame) if i not in found and slot.role in role]

    by_grade_id = defaultdict(list)
    for k, cell in enumerate(cells):
        by_grade_id[cell.grade_id].append(k)
    for i, slot in wanted():
        same = by_grade_id.get(slot.grade_id) if slot.grade_id else None
        if not same:
            continue
        # Of copies: one that defines what is asked for, changed from what was given out, the last.
        mine = slot.role != "locked"
        take(i, max(same, key=lambda k: (bool(cells[k].names & slot.names), (cells[k].key != slot.key) == mine, k)))
        if len(same) > 1:
            sentence = (
                f"The cell {slot.grade_id!r} occurs {len(same)} times; the last changed one was taken as the answer."
            )
            if slot.role == "answer":
                notes.append(Note("duplicate", sentence, slot.grade_id))

    by_id = {}
    for k, cell in enumerate(cells):
        if cell.id and k not in taken:
            by_id.setdefault(cell.id, k)
    for i, slot in wanted():
        k = by_id.get(slot.id) if slot.id else None
        if k is not None and k not in taken:
            take(i, k, "its cell id")

    defining = defaultdict(list)
    for k, cell in enumerate(cells):
        for name in cell.names if k not in taken else ():
            defining[name].append(k)
    for i, slot in wanted(("answer",)):
        overlap = Counter(k for name in slot.names for k in defining[name] if k not in taken)
        if overlap:
            take(i, max(overlap, key=lambda k: (overlap[k], cells[k].key != slot.key, k)), "the names it defines")

    sure = set(found)
    by_text = defaultdict(list)
    for k, cell in enumerate(cells):
        if k not in taken:
            by_text[cell.key].append(k)
    how_often = Counter(slot.key for slot in frame)
    for i, slot in wanted():
        if slot.key and how_often[slot.key] == 1:
            k = next((k for k in by_text[slot.key] if k not in taken), None)
            if k is not None:
                take(i, k, "its text")

    if found:
        _match_by_place(frame, cells, found, taken, take)
    return found, sure


def _match_by_place(frame, cells, found, taken, take):
    """Pair the answers and the cells that lie between the same two known cells, in order, type by type."""
    known = [(-1, -1)]
    for i in sorted(found):
        if found[i] > known[-1][1]:
            known.append((i, found[i]))
    known.append((len(frame), len(cells)))
    for (i0, k0), (i1, k1) in itertools.pairwise(known):
        slots = [i for i in range(i0 + 1, i1) if i not in found and frame[i].role == "answer"]
        free = [k for k in range(k0 + 1, k1) if k not in taken and cells[k].text.strip()]
        if len(slots) == len(free):
            pairs = list(zip(slots, free))
        else:
            pairs = []
            for type_ in ("code", "markdown"):
                pairs += zip(
                    [i for i in slots if frame[i].type == type_],
                    [k for k in free if cells[k].type == type_],
                )
        for i, k in pairs:
            take(i, k, "its place in the notebook")


# ---------------------------------------------------------------------------------------------------------------------
# The notebook to be marked


def _assemble(release, frame, cells, found, notes):
    """Fill the frame. ``found`` maps its cells to the student's; all others of theirs stay where they were."""
    ours = {slot.key for slot in frame if slot.role != "plain"}
    slot_of = {k: i for i, k in found.items()}
    extras, here = defaultdict(list), -1
    for k, cell in enumerate(cells):
        if k in slot_of:
            here = slot_of[k]
        elif cell.text.strip() and cell.key not in ours:
            extras[here].append(cell)
    defined = frozenset().union(*(cell.names for cell in cells))
    make = _ExtraCells({slot.id for slot in frame}, release.get("nbformat_minor", 0))
    result, pending = [], extras[-1]
    for i, slot in enumerate(frame):
        mine = cells[found[i]] if i in found else None
        # Of what is put back, the imports and the data come before the student's own cells there, tests after them.
        if mine is not None or slot.role == "answer" or slot.graded:
            result += map(make, pending)
            pending = []
        result.append(_fill(release.cells[i], slot, mine, defined, notes))
        pending = pending + extras[i]
    result += map(make, pending)
    notebook = copy.deepcopy({key: value for key, value in release.items() if key != "cells"})
    return from_dict({**notebook, "cells": result})


def _fill(raw, slot, mine, defined, notes):
    """One cell of the frame with what the student wrote there, if it is theirs to write."""
    cell = _emptied(raw)
    name = slot.grade_id
    if slot.role == "locked":
        if mine is None:
            notes.append(Note("restored", f"The read-only cell {name!r} was missing; it was put back.", name))
        elif mine.key != slot.key:
            notes.append(Note("restored", f"The read-only cell {name!r} was changed; the original was used.", name))
    elif mine is not None:
        cell["source"] = mine.text
        if mine.attachments and slot.type == "markdown":
            cell["attachments"] = mine.attachments
        if slot.role == "answer" and mine.type != slot.type:
            sentence = f"The answer {name!r} had become a {mine.type} cell; it was read as a {slot.type} cell."
            notes.append(Note("cell-type", sentence, name))
    elif slot.role == "answer":
        notes.append(Note("missing-answer", f"The answer cell {name!r} is missing.", name))
        if slot.names & defined:  # Written in another cell: what was given out must not take its place.
            cell["source"] = "# This answer cell was missing."
    return cell


def _emptied(raw):
    cell = copy.deepcopy(dict(raw))
    if cell["cell_type"] == "code":
        cell["outputs"] = []
        cell["execution_count"] = None
    return cell


def _blank(release):
    return from_dict({**copy.deepcopy(dict(release)), "cells": [_emptied(cell) for cell in release.cells]})


class _ExtraCells:
    """Makes a student's own cells; numbered, so that the same submission gives the same notebook."""

    def __init__(self, used, minor):
        self._used, self._ids, self._number = used, minor >= 5, 0

    def __call__(self, cell):
        made = {"cell_type": cell.type, "metadata": {}, "source": cell.text}
        if cell.type == "code":
            made.update(outputs=[], execution_count=None)
        elif cell.attachments:
            made["attachments"] = cell.attachments
        while self._ids and "id" not in made:
            self._number += 1
            if f"extra-{self._number}" not in self._used:
                made["id"] = f"extra-{self._number}"
        return made


def _refuse_solutions(release):
    for cell in release.cells:
        if "BEGIN SOLUTION" in cell.source or "BEGIN HIDDEN TESTS" in cell.source:
            raise ValueError(
                "release must be the notebook as students got it; this one holds solutions or hidden tests. "
                "Run `nbgrader generate_assignment` and give the released version."
            )


# ---------------------------------------------------------------------------------------------------------------------
# One student's folder


def ordinary_files(folder):
    """{path inside the folder, with /: path} of the plain files that a submission may have: see `digest`, copies."""
    return _walk(Path(folder), [])


def files_to_keep(folder, ours=()):
    """Those of `ordinary_files` that go with the marked notebook, but for what is in the way of the files ``ours``."""
    found = ordinary_files(folder)
    small = {name: path for name, path in found.items() if name in NOT_FOR_STUDENTS_CODE and _size(path) < 1 << 20}
    return {name: path for name, path in (_other_files(found, []) | small).items() if not is_in_the_way(name, ours)}


def is_in_the_way(name, ours):
    """Whether a file is where one of the files ``ours`` needs a folder, or the other way around."""
    return any(f"{a}/".startswith(f"{b}/") and a != b for one in ours for a, b in ((name, one), (one, name)))


def _walk(folder, notes):
    """Return {path inside the folder, with /: path} of the ordinary files. Links and devices are never opened."""
    found = {}
    for here, folders, files in os.walk(folder, followlinks=False):
        folders.sort()
        depth = len(Path(here).relative_to(folder).parts)
        for name in list(folders):
            if os.path.islink(os.path.join(here, name)):
                folders.remove(name)
                files.append(name)
            elif name.lower().endswith(".ipynb"):
                notes.append(Note("not-a-file", f"{_shown(name)} is a folder; the notebooks inside were looked at."))
        if depth >= 4:
            folders.clear()
        for name in sorted(files):
            path = Path(here, name)
            inside = path.relative_to(folder).as_posix()
            if not _is_ordinary(path):
                notes.append(
                    Note("not-a-file", f"{_shown(inside)} is a link or a device, not a file; it was left out.")
                )
            elif len(found) < 10 * MAX_FILES:
                found[inside] = path
    return found


def _choose(found, releases, notes):
    """Return {released name: (file it came from or None, notebook or None, its notes)}."""
    order = sorted(found, key=lambda n: (_is_checkpoint(n), n.count("/"), n))
    by_name = {}
    for name in order:
        by_name.setdefault(_folded(name), name)
    expected = {name: by_name.get(_folded(name)) for name in releases}
    notebooks = [n for n in order if ".ipynb" in PurePosixPath(n).name.lower() and n not in expected.values()]
    scripts = [n for n in order if n.lower().endswith((".py", ".json", ".txt")) and n not in NOT_FOR_STUDENTS_CODE]
    chosen, used = {}, set()
    for name, release in releases.items():
        own = expected[name]
        attempts = [_attempt(own, found[own], release)] if own else []
        if not own or not attempts[0].written:
            # Another file stands in only when it surely holds answers, or when nothing else can be meant.
            stand_ins = [n for n in notebooks if n not in used] + ([] if own else scripts)
            sizes = itertools.accumulate(_size(found[n]) for n in stand_ins)
            stand_ins = [n for n, size in zip(stand_ins, sizes) if size <= MAX_BYTES][:MAX_STAND_INS]
            others = [_attempt(n, found[n], release) for n in stand_ins]
            alone = not own and len(notebooks) == 1 and sum(value is None for value in expected.values()) == 1
            attempts += [a for a in others if a.written or (alone and a.file == notebooks[0])]
        best = max(attempts, key=lambda attempt: attempt.written, default=None)
        if best and best.notebook is not None:
            used.add(best.file)
        chosen[name] = _verdict(name, best, own)
    for name in notebooks:
        if name not in used and not _is_checkpoint(name):
            notes.append(Note("extra-notebook", f"{_shown(name)} is not part of the assignment; it was left out."))
    return chosen


@dataclass
class _Attempt:
    """A file read as one of the assignment's notebooks; ``written`` counts the answers that are surely in it."""

    file: str
    notebook: object
    notes: list
    written: int


def _attempt(name, path, release):
    data = read_file(path, MAX_BYTES + 1)
    if data is None:
        return _Attempt(name, None, [Note("unreadable", f"{_shown(name)} could not be opened.")], 0)
    return _Attempt(name, *_rebuild(release, data))


def _verdict(name, best, expected):
    if best is None:
        return None, None, [Note("missing-notebook", f"{name} was not handed in.")]
    if best.notebook is None:
        return None, None, best.notes
    renamed = []
    if best.file != expected:
        why = f"{name} holds no answers" if expected else f"There was no {name}"
        renamed = [Note("renamed", f"{why}; {_shown(best.file)} was taken in its place.")]
    elif best.file != name:
        renamed = [Note("renamed", f"{_shown(best.file)} was taken for {name}.")]
    return best.file, best.notebook, renamed + best.notes


def _other_files(found, notes):
    files, size = {}, 0
    for name, path in found.items():
        if ".ipynb/" in f"{name}/".lower() or name in NOT_FOR_STUDENTS_CODE or _is_checkpoint(name):
            continue
        if not os.access(path, os.R_OK):
            notes.append(Note("dropped", f"{_shown(name)} may not be read; it was left out."))
            continue
        size += _size(path)
        if len(files) >= MAX_FILES or size > MAX_FILES_BYTES:
            sentence = f"There are more than {MAX_FILES} files or {MAX_FILES_BYTES >> 20} MB beside the notebook; "
            notes.append(Note("dropped", f"{sentence}the rest was left out."))
            break
        files[name] = path
    return files


def _timestamp(path, notes):
    """When it was submitted, in UTC. An unreadable or impossible time is replaced by the file's own."""
    if path is None:
        return None
    text = (read_file(path, 200) or b"").decode("utf-8-sig", "replace").strip()
    now = datetime.now(UTC)
    try:
        if not re.search("[0-9]{4}", text):
            raise ValueError("no year: dateutil would take today's")
        when = dateutil.parser.parse(text)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
        if datetime(2000, 1, 1, tzinfo=UTC) <= when <= now + timedelta(days=1):
            return when
    except (ValueError, OverflowError, TypeError, ArithmeticError, AttributeError, LookupError, RecursionError):
        pass  # dateutil raises all of these, depending on the text
    file_time = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    sentence = f"timestamp.txt holds no possible time ({text[:40]!r}); the time of that file was used."
    notes.append(Note("timestamp", sentence))
    return file_time


def _is_ordinary(path):
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _size(path):
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def read_file(path, most):
    """The beginning of an ordinary file; None when it is none or cannot be opened. Never waits, never follows."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
                         | getattr(os, "O_BINARY", 0))  # fmt: skip
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    with open(handle, "rb") as file:
        try:
            return file.read(most)
        except OSError:
            return None


def _is_checkpoint(name):
    return ".ipynb_checkpoints" in PurePosixPath(name).parts


def _folded(name):
    return unicodedata.normalize("NFC", name).casefold()


def _shown(name):
    """A file's name as printable text, whatever bytes it is made of."""
    text = os.fsencode(name).decode("utf-8", "replace")
    return repr(text if len(text) <= 80 else text[:77] + "...")


def _count(number, what):
    return f"{number} {what}" + ("" if number == 1 else "s")
