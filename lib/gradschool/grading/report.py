"""Say how a class did and which misconceptions it has.

`gradschool report PSET` reads nbgrader's gradebook (marks, points given by hand, late penalties) and the records that
`gradschool grade` leaves (why points were lost, what was recovered; see `gradschool.grading.assignment`), and writes

- ``report.html``: one page, readable offline and without scripts,
- ``marks.csv``: a row for every student, a column for every question,
- ``canvas.csv`` and ``moodle.csv``: totals in the form that these import.

A total stands there only when it is final. A submission that could not be marked, or waits for a person, has none, and
says why: never a silent 0.
"""

import csv
import html
import json
import math
import os
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from gradschool.grading._course import course_root
from gradschool.grading.similar import LEAST, SHARE, find_alike

MARKED, WAITS, UNMARKED, UNUSABLE, ABSENT = (
    "marked",
    "waits for grading by hand",
    "could not be marked",
    "nothing usable was handed in",
    "not submitted",
)
STATUSES = (MARKED, WAITS, UNMARKED, UNUSABLE, ABSENT)
RECOVERED = {"damaged", "unreadable", "script", "recovered", "renamed", "restored", "missing-answer", "duplicate",
             "missing-notebook", "old-format", "encoding", "timestamp", "dropped", "too-long", "cell-type"}  # fmt: skip


def add_arguments(parser):
    """The arguments of `gradschool report`."""
    parser.add_argument("problem_set", metavar="PSET", help="the name of the assignment, such as ps06")
    parser.add_argument("--course", metavar="FOLDER", help="the course folder (default: where you are)")
    parser.add_argument("--out", metavar="FOLDER", help="where to write (default: reports/PSET beside the marked submissions)")
    parser.add_argument("--no-similar", action="store_true", help="do not compare answers with each other")


def run(args):
    """Write the report; return the exit code."""
    coursedir = open_course(args.course)
    given = Path(coursedir.root, coursedir.autograded_directory).parent / "reports" / args.problem_set
    folder = Path(args.out) if args.out else given
    result = collect(coursedir, args.problem_set, similar=not args.no_similar)
    write(result, folder)
    counts = Counter(row.status for row in result.rows)
    for status in STATUSES:
        if counts[status]:
            print(f"{counts[status]:>6}  {status}")
    for row in result.rows:
        if row.status in (UNMARKED, UNUSABLE):
            print(f"        {row.student}: {row.why}")
    print(f"Written to {folder}: report.html, marks.csv, canvas.csv, moodle.csv")
    return 0


# ---------------------------------------------------------------------------------------------------------------------
# What is known


@dataclass
class Question:
    """A cell with points."""

    notebook: str
    name: str
    points: float
    manual: bool = False

    @property
    def key(self):
        return self.notebook, self.name


@dataclass
class Row:
    """A student."""

    student: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""
    submitted: str = ""
    status: str = ABSENT
    why: str = ""
    penalty: float = 0.0
    points: dict = field(default_factory=dict)  # question key -> points, None where there are none yet
    outcomes: dict = field(default_factory=dict)  # question key -> the record of the cell
    notes: list = field(default_factory=list)

    @property
    def so_far(self):
        """The points there are, penalty taken off."""
        return max(0.0, math.fsum(p for p in self.points.values() if p is not None) - self.penalty)

    @property
    def total(self):
        """The final points, or None when there are none."""
        return self.so_far if self.status == MARKED else None


@dataclass
class Class:
    """Everything that the report shows."""

    assignment: str
    questions: list
    rows: list
    alike: list
    compared: bool
    protections: list
    broken_records: list

    @property
    def points(self):
        return math.fsum(question.points for question in self.questions)


def open_course(folder=None):
    """Return nbgrader's CourseDirectory of a course folder, its configuration applied."""
    from nbgrader.coursedir import CourseDirectory

    from gradschool.grading.grade import read_config

    return CourseDirectory(config=read_config(course_root(folder)))


def collect(coursedir, assignment, similar=True):
    """Read the gradebook, the records and the marked notebooks of one assignment into a `Class`."""
    rows, questions = _from_gradebook(coursedir, assignment)
    from gradschool.grading.assignment import marks_folder

    records, broken = _read_records(marks_folder(coursedir.root, assignment))
    protections = {}
    for student, record in records.items():
        row = rows.setdefault(student, Row(student))
        _add_record(row, record)
        for name, active, sentence in _dig(record, "notebooks", "*", "protections"):
            protections[str(name)] = (bool(active), str(sentence))
    releases = _releases(coursedir, assignment)
    order = [(notebook, name) for notebook, cells in releases.items() for name in _names(cells)]
    place = {key: k for k, key in enumerate(order)}
    questions.sort(key=lambda q: (place.get(q.key, len(place)), q.key))
    for row in rows.values():
        row.status, row.why = _status(row, records.get(row.student), questions)
    alike = []
    if similar:
        given = "\n".join(_source(cell) for cells in releases.values() for cell in cells if cell.get("cell_type") == "code")
        alike = find_alike(_answers(coursedir, assignment, rows, releases), given)
    ordered = sorted(rows.values(), key=lambda r: (r.last_name.casefold(), r.first_name.casefold(), r.student))
    return Class(assignment, questions, ordered, alike, similar,
                 [(name, *rest) for name, rest in sorted(protections.items())], broken)


def _from_gradebook(coursedir, assignment):
    """Rows by student and the questions, with two queries however large the class is."""
    from nbgrader import api

    path = coursedir.db_url.removeprefix("sqlite:///")
    if coursedir.db_url.startswith("sqlite:///") and not os.path.exists(path):
        raise ValueError(f"there is no gradebook at {path}. Run `gradschool grade {assignment}` first.")
    with api.Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
        try:
            found = gradebook.find_assignment(assignment)
        except api.MissingEntry:
            names = sorted(a.name for a in gradebook.assignments)
            known = f"It knows {', '.join(names)}." if names else "It is empty."
            raise ValueError(f"the gradebook has no assignment {assignment!r}. {known}") from None
        db = gradebook.db
        rows = {s.id: Row(s.id, s.first_name or "", s.last_name or "", s.email or "", s.lms_user_id or "")
                for s in db.query(api.Student)}  # fmt: skip
        questions = [
            Question(notebook.name, cell.name, cell.max_score, manual)
            for notebook in found.notebooks
            for cells, manual in ((notebook.grade_cells, None), (notebook.task_cells, True))
            for cell in cells
        ]
        solutions = {(n.name, c.name) for n in found.notebooks for c in n.solution_cells}
        for question in questions:
            question.manual = question.manual or question.key in solutions
        submitted = db.query(api.SubmittedAssignment.student_id, api.SubmittedAssignment.timestamp).filter(
            api.SubmittedAssignment.assignment_id == found.id
        )
        for student, timestamp in submitted:
            rows[student].status = MARKED
            rows[student].submitted = f"{timestamp:%Y-%m-%d %H:%M:%S} UTC" if timestamp else ""
        penalties = (
            db.query(api.SubmittedAssignment.student_id, api.SubmittedNotebook.late_submission_penalty)
            .join(api.SubmittedNotebook, api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id)
            .filter(api.SubmittedAssignment.assignment_id == found.id)
        )
        for student, penalty in penalties:
            rows[student].penalty += penalty or 0.0
        grade = api.Grade
        grades = (
            db.query(api.SubmittedAssignment.student_id, api.Notebook.name, api.BaseCell.name, grade.auto_score,
                     grade.manual_score, grade.extra_credit, grade.needs_manual_grade)
            .select_from(grade)
            .join(api.BaseCell, grade.cell_id == api.BaseCell.id)
            .join(api.SubmittedNotebook, grade.notebook_id == api.SubmittedNotebook.id)
            .join(api.Notebook, api.SubmittedNotebook.notebook_id == api.Notebook.id)
            .join(api.SubmittedAssignment, api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id)
            .filter(api.SubmittedAssignment.assignment_id == found.id)
        )  # fmt: skip
        for student, notebook, cell, auto, manual, extra, waits in grades:
            points = manual if manual is not None else None if waits else auto
            rows[student].points[notebook, cell] = None if points is None else points + (extra or 0.0)
    return rows, questions


def _read_records(folder):
    """Return ({student: record}, names of files that cannot be read)."""
    records, broken = {}, []
    for path in sorted(Path(folder).glob("*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if "plan" not in record:
                records[str(record["student"])] = record
        except (OSError, ValueError, TypeError, KeyError):
            broken.append(path.name)
    return records, broken


def _add_record(row, record):
    for file, notebook in (record.get("notebooks") or {}).items():
        for name, cell in (notebook.get("cells") or {}).items():
            row.outcomes[Path(file).stem, name] = cell
        row.notes += [{"kind": "marking", "sentence": note} for note in notebook.get("notes") or () if isinstance(note, str)]
    row.notes += [note for note in record.get("notes") or () if isinstance(note, dict)]
    row.submitted = row.submitted or str(record.get("timestamp") or "")


def _status(row, record, questions):
    """Return (status, why)."""
    if row.status == ABSENT and not record:
        return ABSENT, ""
    missing = [question for question in questions if row.points.get(question.key) is None]
    if not missing:
        return MARKED, ""
    record = record or {}
    if record.get("failed"):
        return UNMARKED, str(record["failed"])
    sources = [notebook.get("source") for notebook in (record.get("notebooks") or {}).values()]
    if sources and not any(sources):
        return UNUSABLE, _first_sentence(row.notes) or "No notebook could be read."
    if all(question.manual for question in missing):
        return WAITS, f"To be graded by hand: {', '.join(question.name for question in missing)}."
    return UNMARKED, f"No points yet for {', '.join(question.name for question in missing if not question.manual)}."


def _first_sentence(notes):
    return next((str(note.get("sentence")) for note in notes if note.get("kind") in ("unreadable", "missing-notebook")), "")


def _dig(data, *path):
    """All items of the lists at a path in nested dicts; * stands for every key."""
    if not path:
        yield from (item for item in data if isinstance(item, (list, tuple)) and len(item) == 3) if isinstance(data, list) else ()
        return
    if isinstance(data, dict):
        for value in data.values() if path[0] == "*" else [data.get(path[0])]:
            yield from _dig(value, *path[1:])


def _releases(coursedir, assignment):
    """{notebook: cells} as students got them."""
    folder = Path(coursedir.format_path(coursedir.release_directory, ".", assignment))
    return {path.stem: _cells(path) for path in sorted(folder.glob("*.ipynb"))}


def _cells(path):
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, TypeError, KeyError):
        return []
    return [cell for cell in cells if isinstance(cell, dict)]


def _names(cells):
    return [marks["grade_id"] for cell in cells if (marks := cell.get("metadata", {}).get("nbgrader")) and "grade_id" in marks]


def _source(cell):
    source = cell.get("source", "")
    return "".join(source) if isinstance(source, list) else source


def _answers(coursedir, assignment, rows, releases):
    """{student: the code they wrote}, from the marked notebooks."""
    answers = {}
    for row in rows.values():
        folder = Path(coursedir.format_path(coursedir.autograded_directory, row.student, assignment))
        written = []
        for name in releases:
            for cell in _cells(folder / f"{name}.ipynb"):
                marks = cell.get("metadata", {}).get("nbgrader") or {}
                if cell.get("cell_type") == "code" and (marks.get("solution") or not marks):
                    written.append(_source(cell))
        if written:
            answers[row.student] = "\n".join(written)
    return answers


# ---------------------------------------------------------------------------------------------------------------------
# Tables


def write(result, folder):
    """Write the page and the tables; each appears whole or not at all."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"marks.csv": marks_table(result), "canvas.csv": canvas_table(result), "moodle.csv": moodle_table(result)}
    for name, table in tables.items():
        with _replacing(folder / name) as file:
            csv.writer(file).writerows(table)
    with _replacing(folder / "report.html") as file:
        file.write(page(result))


class _replacing:
    """A text file that takes the place of ``path`` when all of it is written."""

    def __init__(self, path):
        self.path, self.draft = path, path.with_name(path.name + ".part")

    def __enter__(self):
        self.file = open(self.draft, "w", encoding="utf-8", newline="")
        return self.file

    def __exit__(self, kind, value, trace):
        self.file.close()
        if kind is None:
            os.replace(self.draft, self.path)
        else:
            self.draft.unlink(missing_ok=True)


def guarded(text):
    """Text that a spreadsheet will not take for a formula."""
    text = str(text)
    return "'" + text if text.lstrip()[:1] in ("=", "+", "-", "@") or text[:1] in ("\t", "\r", "\n") else text


def number(value):
    """A number as short as it is exact; nothing for None."""
    return "" if value is None else f"{round(value, 6):g}" if abs(value) < 1e6 else repr(value)


def marks_table(result):
    """Rows of marks.csv, the header first."""
    several = len({question.notebook for question in result.questions}) > 1
    titles = [f"{q.notebook}/{q.name}" if several else q.name for q in result.questions]
    head = ["student", "last_name", "first_name", "email", "status", "score", "max_score", "points_so_far", "late_penalty",
            "submitted", "remarks", *(guarded(f"{t} ({number(q.points)})") for t, q in zip(titles, result.questions, strict=True))]  # fmt: skip
    table = [head]
    for row in result.rows:
        remarks = " ".join(dict.fromkeys(filter(None, [row.why, *(str(note.get("sentence", "")) for note in row.notes)])))
        texts = [row.student, row.last_name, row.first_name, row.email, row.status]
        there = row.status in (MARKED, WAITS) or (row.status == UNMARKED and any(p is not None for p in row.points.values()))
        table.append([
            *map(guarded, texts),
            number(row.total),
            number(result.points),
            number(row.so_far) if there else "",
            number(row.penalty) if there else "",
            guarded(row.submitted),
            guarded(remarks),
            *(number(row.points.get(q.key)) for q in result.questions),
        ])  # fmt: skip
    return table


def canvas_table(result):
    """Rows of canvas.csv. An empty cell changes nothing in Canvas."""
    table = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", guarded(result.assignment)],
             ["    Points Possible", "", "", "", "", number(result.points)]]  # fmt: skip
    for row in result.rows:
        name = ", ".join(filter(None, (row.last_name, row.first_name))) or row.student
        table.append([guarded(name), guarded(row.lms_id), "", guarded(row.student), "", number(row.total)])
    return table


def moodle_table(result):
    """Rows of moodle.csv: map "Username", "ID number" or "Email address" when importing."""
    table = [["Username", "ID number", "First name", "Last name", "Email address", guarded(f"Assignment: {result.assignment}"),
              "Feedback comments"]]  # fmt: skip
    for row in result.rows:
        comment = row.why if row.status in (UNMARKED, UNUSABLE, WAITS) else ""
        texts = [row.student, row.lms_id, row.first_name, row.last_name, row.email]
        table.append([*map(guarded, texts), number(row.total), guarded(comment)])
    return table


# ---------------------------------------------------------------------------------------------------------------------
# The page


def page(result):
    """The report as one HTML page: no scripts, nothing from the network."""
    from gradschool.play import palette

    style = _STYLE
    for name in ("ink", "muted", "grid", "blue", "vermilion", "paper"):
        style = style.replace(f"@{name}", str(getattr(palette, name)))
    counts = Counter(row.status for row in result.rows)
    sections = [
        ("Summary", _summary(result, counts)),
        ("Look at these first", _attention(result)),
        ("Questions", _questions(result)),
        ("Misconceptions", _misconceptions(result)),
        ("Time and crashes", _stopped(result)),
        ("What was recovered", _recovered(result)),
        ("Answers much alike", _alike(result)),
        ("Protections", _protections(result)),
        ("Marks", _marks(result)),
    ]
    body = "".join(f'<section aria-labelledby="s{k}"><h2 id="s{k}">{t}</h2>{c}</section>' for k, (t, c) in enumerate(sections))
    links = "".join(f'<li><a href="#s{k}">{title}</a></li>' for k, (title, _) in enumerate(sections))
    title = _e(f"{result.assignment}: how the class did")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{style}</style></head><body>"
        f'<header><h1>{title}</h1><p>Made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. It holds names and marks: keep it to yourself.</p>'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav></header><main>{body}</main></body></html>\n'
    )


_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: @ink; background: @paper; max-width: 70rem; margin: 0 auto; padding: 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid @grid; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; padding: 0; }
a { color: @blue; } a:focus-visible, summary:focus-visible, .wide:focus-visible { outline: 3px solid @vermilion; }
table { border-collapse: collapse; } caption { text-align: left; color: @muted; padding-bottom: .5rem; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid @grid; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: inline-block; height: .7em; background: @blue; } .low { background: @vermilion; }
.wide { overflow-x: auto; } td.n, th { white-space: nowrap; } svg text { font: 12px system-ui, sans-serif; fill: @ink; }
svg rect { fill: @blue; }
@media print { nav { display: none; } }
"""


def _e(value):
    return html.escape(str(value), quote=True)


def _table(caption, head, rows, numbers=()):
    """``rows`` hold finished HTML; ``numbers`` are the columns set flush right."""
    if not rows:
        return "<p>None.</p>"

    def cells(row, tag, scope=""):
        return "".join(f'<{tag}{scope}{" class=n" if k in numbers else ""}>{c}</{tag}>' for k, c in enumerate(row))

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return (f'<div class="wide" tabindex="0" role="region" aria-label="{_e(caption)}"><table><caption>{_e(caption)}</caption>'
            f"<thead><tr>{cells(map(_e, head), 'th', ' scope=col')}</tr></thead><tbody>{body}</tbody></table></div>")


def _who(students):
    names = sorted(set(students))
    return f"<details><summary>{len(names)}</summary>{_e(', '.join(names))}</details>"


def _percent(part, whole):
    if not whole:
        return "none yet"
    share = part / whole
    low = " low" if share < 0.5 else ""
    return f'<span class="bar{low}" style="width:{share * 5:.2f}rem"></span> {share:.0%}'


def _summary(result, counts):
    items = "".join(f"<li>{counts[status]} {status}</li>" for status in STATUSES if counts[status])
    totals, what = [row.total for row in result.rows if row.total is not None], "Final marks"
    if not totals:
        totals, what = [row.so_far for row in result.rows if row.status == WAITS], "No final marks yet. Points so far"
    text = f"<ul>{items}</ul>"
    if not totals:
        return text
    text += (
        f"<p>{what}, of {number(result.points)}: mean {statistics.fmean(totals):.2f}, median {statistics.median(totals):g}, "
        f"lowest {number(min(totals))}, highest {number(max(totals))}. Late penalties are taken off.</p>"
    )
    return text + _histogram(totals, result.points)


def _histogram(totals, points, bins=10):
    counts = [0] * bins
    for total in totals:
        counts[min(bins - 1, int(bins * total / points)) if points > 0 else 0] += 1
    edges = [f"{number(round(points * k / bins, 2))} to {number(round(points * (k + 1) / bins, 2))}" for k in range(bins)]
    said = "; ".join(f"{edge} points: {count}" for edge, count in zip(edges, counts, strict=True) if count)
    top = max(counts)
    bars = "".join(
        f'<rect x="{k * 60 + 4}" y="{120 - 100 * c / top:.1f}" width="52" height="{100 * c / top:.1f}"/>'
        f'<text x="{k * 60 + 30}" y="{114 - 100 * c / top:.1f}" text-anchor="middle">{c or ""}</text>'
        f'<text x="{k * 60 + 30}" y="136" text-anchor="middle">{number(round(points * (k + 1) / bins, 1))}</text>'
        for k, c in enumerate(counts)
    )
    return (f'<svg role="img" viewBox="0 0 {bins * 60} 156" width="{bins * 60}" style="max-width:100%">'
            f"<title>How many students have how many points. {said}.</title>{bars}"
            f'<text x="0" y="154">points, up to</text></svg>')


def _attention(result):
    rows = [
        (_e(row.student), _e(row.status), _e(row.why))
        for row in result.rows
        if row.status in (UNMARKED, UNUSABLE)
    ]
    waiting = [row.student for row in result.rows if row.status == WAITS]
    text = _table("Submissions without a mark", ("student", "status", "why"), rows)
    if waiting:
        text += f"<p>Waiting for grading by hand (in formgrader): {_who(waiting)}</p>"
    if result.broken_records:
        text += (f"<p>These records could not be read: {_e(', '.join(result.broken_records))}. "
                 f"Run <code>gradschool grade {_e(result.assignment)}</code> again; marks in the gradebook are not touched by it.</p>")
    return text


def _questions(result):
    rows = []
    for q in result.questions:
        given = [row.points[q.key] for row in result.rows if row.points.get(q.key) is not None and row.status != UNUSABLE]
        there = [row.outcomes[q.key] for row in result.rows if q.key in row.outcomes and row.status != UNUSABLE]
        outcomes = Counter(cell.get("outcome") for cell in there)
        lost = ", ".join(f"{count} {_OUTCOMES[name]}" for name, count in outcomes.most_common() if name in _OUTCOMES)
        mean = number(round(statistics.fmean(given), 2)) if given else ""
        rows.append((_e(q.name), number(q.points), mean, _percent(sum(p >= q.points for p in given), len(given)), str(len(given)), _e(lost)))
    return _table("Points and pass rate of each question", ("question", "points", "mean", "full points", "marked", "otherwise"),
                  rows, numbers=(1, 2, 4))  # fmt: skip


_OUTCOMES = {
    "partial": "in part",
    "failed": "wrong",
    "error": "stopped with an error",
    "timeout": "took too long",
    "died": "ended their process",
    "empty": "left empty",
    "unmarked": "could not be marked",
}


def _misconceptions(result):
    having, said = defaultdict(set), {}
    for row in result.rows:
        for cell in row.outcomes.values():
            if cell.get("slip"):
                slip = str(cell["slip"])
                having[slip].add(row.student)
                # The call and the numbers come first; the sentence is the last line.
                lines = str(cell.get("message", "")).split("[slip:")[0].strip().splitlines()
                said.setdefault(slip, lines[-1].strip() if lines else "")
    submitted = sum(row.status != ABSENT for row in result.rows)
    rows = [
        (_e(slip), _e(said[slip]), _percent(len(students), submitted), _who(students))
        for slip, students in sorted(having.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    text = _table("Slips that were recognized, the most common first", ("slip", "what the student was told", "share", "students"), rows)
    return text + "<p>A wrong answer that is none of the known slips is not listed here.</p>"


def _stopped(result):
    rows = []
    for outcome, text in (("timeout", "took too long"), ("died", "ended its process")):
        by_cell = defaultdict(set)
        for row in result.rows:
            for (_, name), cell in row.outcomes.items():
                if cell.get("outcome") == outcome:
                    by_cell[name].add(row.student)
        rows += [(_e(name), text, _who(students)) for name, students in sorted(by_cell.items())]
    return _table("Answers that were stopped or ended their process", ("question", "what happened", "students"), rows)


def _recovered(result):
    rows = [
        (_e(row.student), _e(note.get("kind", "")), _e(note.get("sentence", "")))
        for row in result.rows
        if row.status != UNUSABLE
        for note in row.notes
        if note.get("kind") in RECOVERED
    ]
    students = len({row[0] for row in rows})
    return (f"<p>Submissions that were not as they should be and were put right where that was possible: {students}. "
            "The originals are untouched.</p>" if rows else "") + _table("What was found", ("student", "kind", "what was done"), rows)


def _alike(result):
    if not result.compared:
        return "<p>Answers were not compared.</p>"
    rows = [(f"{group.share:.0%}", str(len(group.students)), _e(", ".join(group.students))) for group in result.alike]
    return (
        "<p>Look here; this is not a verdict. People who learn together write alike, and some questions leave little choice. "
        f"Names, comments and spacing are ignored, and so is what was given out and what many have in common. A group has at least "
        f"{SHARE:.0%} of the rest in common, and at least {LEAST} passages of it.</p>"
        + _table("Students whose answers are much alike", ("in common", "students", "who"), rows, numbers=(0, 1))
    )


def _protections(result):
    if not result.protections:
        return "<p>No records: these marks do not come from <code>gradschool grade</code>.</p>"
    rows = [(_e(name), "active" if active else "<strong>missing</strong>", _e(text)) for name, active, text in result.protections]
    return _table("What kept answers away from tests, files and network", ("protection", "state", "what it means"), rows)


def _marks(result):
    head = ["student", "name", "status", f"of {number(result.points)}", "penalty", *(q.name for q in result.questions)]
    rows = [
        [_e(row.student), _e(f"{row.first_name} {row.last_name}".strip()), _e(row.status),
         number(row.total), number(row.penalty or None), *(number(row.points.get(q.key)) for q in result.questions)]
        for row in result.rows
    ]  # fmt: skip
    return _table("Points of every student", head, rows, numbers=range(3, len(head)))
