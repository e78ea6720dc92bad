"""The ledger is whole, a claim is as sharp as its print, and the errata page is the ledger's."""

import json
import math

import pytest
from gradschool import claims
from gradschool.claims import ClaimFailed, claim, ledger
from lessons import PROJECT


def test_the_ledger_is_whole():
    rows = ledger().values()
    assert len(rows) == 192
    assert {row.verdict for row in rows} == set(claims.VERDICTS)
    assert all(row.claim and row.value and row.notebook[:2].isdigit() and row.lecture in claims.DECKS for row in rows)
    assert all(row.id.startswith(row.lecture + "-") for row in rows)


def test_a_number_that_holds_is_printed_beside_the_lecture(capsys):
    claim("D3-16", 0.1497807161327628)
    assert capsys.readouterr().out == "D3-16  w1+   lecture 0.149780716   here 0.149780716133   holds, all 9 digits\n"


@pytest.mark.parametrize("wrong", [0.15, 0.14978072, 0.1498176386, 0.1497807166, 0.1497807154])
def test_every_printed_digit_counts(wrong):
    with pytest.raises(ClaimFailed, match="D3-16.*0.149780716"):
        claim("D3-16", wrong)


def test_a_count_is_met_exactly():
    claim("D4-09", 26)
    with pytest.raises(ClaimFailed):
        claim("D4-09", 26.2)


def test_several_numbers_are_all_checked():
    claim("D4-12", [[9, 12, 15], [19, 26, 33]])
    with pytest.raises(ClaimFailed):
        claim("D4-12", [[9, 12, 15], [19, 26, 34]])
    with pytest.raises(ValueError, match="6 numbers"):
        claim("D4-12", [9, 12, 15])


def test_an_erratum_needs_the_failing_version(capsys):
    claim("D4-29", -math.log(0.73), lecture=-math.log10(0.73))
    assert "ERRATUM" in capsys.readouterr().out
    with pytest.raises(ValueError, match="lecture="):
        claim("D4-29", -math.log(0.73))
    with pytest.raises(ClaimFailed, match="holds here"):
        claim("D4-29", -math.log(0.73), lecture=-math.log(0.73))
    with pytest.raises(ClaimFailed, match="holds here"):
        claim("D4-05", True, lecture=True)


def test_a_claim_in_words_takes_a_truth_and_evidence(capsys):
    claim("D4-15", True, shown="largest difference 3e-16")
    assert "largest difference 3e-16" in capsys.readouterr().out
    with pytest.raises(ClaimFailed):
        claim("D4-15", False)
    with pytest.raises(TypeError, match="True or False"):
        claim("D4-15", 1e-13)


@pytest.mark.parametrize(
    ("id", "here", "error", "sentence"),
    [
        ("D3-1", 1.0, ValueError, "Did you mean"),
        ("D3-16", float("nan"), ValueError, "must be finite"),
        ("D3-16", "0.1", TypeError, "must hold numbers"),
        ("D3-16", True, TypeError, "claim in numbers"),
        ("D3-16", [], ValueError, "empty"),
    ],
)
def test_bad_input_gets_a_sentence(id, here, error, sentence):
    with pytest.raises(error, match=sentence):
        claim(id, here)


def test_no_lecture_version_where_nothing_is_wrong():
    with pytest.raises(ValueError, match="no erratum"):
        claim("D3-16", 0.1497807161327628, lecture=0.15)


def test_a_qualified_claim_says_but(capsys):
    claim("D4-66", True)
    assert "but:" in capsys.readouterr().out


def test_checked_ids_reach_the_journal_and_failed_ones_do_not(tmp_path, monkeypatch):
    journal = tmp_path / "journal"
    monkeypatch.setenv(claims.JOURNAL, str(journal))
    claim("D4-09", 26)
    with pytest.raises(ClaimFailed):
        claim("D3-16", 0.15)
    assert [json.loads(line)["id"] for line in journal.read_text().splitlines()] == ["D4-09"]


def test_the_errata_page_is_made_from_the_ledger():
    page = (PROJECT / "docs" / "errata.md").read_text(encoding="utf-8")
    assert page == claims.errata_page(), "run: python -m gradschool.claims > docs/errata.md"
    assert all(row.id in page for row in ledger().values() if row.verdict != "holds")
