# The published JOSE vectors, through sessionctl token verify; skipped where they are not.
dist_check_SCRIPTS += tests/integration/vectors.py
TESTS += tests/integration/vectors.py
