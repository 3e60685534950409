# Integration tests of master/ (a real service each; python3 of the standard library).
MASTER_TESTS = \
	tests/integration/sup_children.py tests/integration/sup_master.py \
	tests/integration/sup_metrics.py tests/integration/sup_reload.py \
	tests/integration/sup_signals.py tests/integration/sup_starts.py \
	tests/integration/sup_storms.py tests/integration/sup_store.py
TESTS += $(MASTER_TESTS)
dist_check_SCRIPTS += $(MASTER_TESTS)
EXTRA_DIST += tests/integration/harness.py
