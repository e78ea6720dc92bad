"""Marking: what students hand in goes in, marks with reasons come out.

``judge`` runs answers and tests in two processes, ``intake`` rebuilds what was handed in, ``grade`` marks a class
inside nbgrader's gradebook, ``check`` marks a learner's own copy, ``release`` makes what learners get.
"""


def configure(c):
    """Let nbgrader mark with this package: one line in ``nbgrader_config.py``, before your own settings::

        from gradschool.grading import configure; configure(c)

    From then on ``nbgrader autograde``, formgrader's Autograde button and ``gradschool grade`` take submissions in, run
    them and judge them in the same way, feedback pages show no hidden tests, and what is collected is the account's that
    handed it in. Everything else stays nbgrader's.

    Parameters
    ----------
    c : traitlets.config.Config
    """
    c.Autograde.exporter_class = "gradschool.grading.execute.IntakeExporter"
    c.Autograde.autograde_preprocessors = [
        "gradschool.grading.execute.Execute",
        "nbgrader.preprocessors.IgnorePattern",
        "nbconvert.preprocessors.ClearMetadataPreprocessor",
        "nbgrader.preprocessors.LimitOutput",
        "gradschool.grading.execute.SaveMarks",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.ExchangeFactory.collect = "gradschool.grading.exchange.Collect"
    c.GenerateFeedback.preprocessors = [
        "nbgrader.preprocessors.GetGrades",
        "gradschool.grading.execute.HideTests",
        "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
    ]
