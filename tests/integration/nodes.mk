# Several nodes on one Redis; the checker of histories, for every fault test.
dist_check_SCRIPTS += tests/integration/nodes.py
TESTS += tests/integration/nodes.py
EXTRA_DIST += tests/integration/history.py
