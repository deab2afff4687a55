"""`python3 -m sluice_localcluster`: the command line."""

import sys

from sluice_localcluster.cli import main

sys.exit(main())
