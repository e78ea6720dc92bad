"""How nbgrader sees this project: it makes assignments/ from solutions/ and keeps all that belongs to a class in class/."""

import os

from gradschool.grading import configure

c = get_config()  # noqa: F821
root = os.path.dirname(os.path.abspath(__file__))

c.CourseDirectory.root = root
c.CourseDirectory.course_id = "gradschool"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"

# What a class hands in and what it gets back is nobody else's business: one folder, which git ignores.
os.makedirs(os.path.join(root, "class"), exist_ok=True)  # SQLite makes the file, not the folder
c.CourseDirectory.db_url = "sqlite:///" + os.path.join(root, "class", "gradebook.db")
c.CourseDirectory.submitted_directory = os.path.join("class", "submitted")
c.CourseDirectory.autograded_directory = os.path.join("class", "autograded")
c.CourseDirectory.feedback_directory = os.path.join("class", "feedback")
c.CourseDirectory.solution_directory = os.path.join("class", "solution")  # its default is one letter from solutions/

# misconceptions.py holds answers: it goes neither to learners nor to where their code runs.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "misconceptions.py", ".*"]
c.CourseDirectory.max_file_size = 10_000  # kilobytes

c.ClearSolutions.code_stub = {"python": "raise NotImplementedError()"}
c.ClearSolutions.text_stub = "Write your answer here."
c.ExportPlugin.to = os.path.join("class", "grades.csv")

# Marking: answers run in one process, tests in another.
configure(c)

# The points are for writing it oneself; the data are for everybody.
c.Execute.forbidden_imports = ["gradschool"]
c.Execute.allowed_imports = ["gradschool.datasets"]
