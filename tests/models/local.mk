# Promela models of freshness, write-back and the growing table, searched with Spin; skipped where it is not installed.
MODELS = tests/models/freshness.pml tests/models/growth.pml tests/models/writeback.pml
dist_check_SCRIPTS += tests/models/run
TESTS += tests/models/run
EXTRA_DIST += $(MODELS) docs/FRESHNESS.md
