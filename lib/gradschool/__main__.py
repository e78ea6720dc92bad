"""`python -m gradschool` is `gradschool`."""

import sys

from gradschool.cli import main

sys.exit(main())
