# Several nodes on one Redis, and what happens to it under load; the checker of histories, for every fault test.
NODES_TESTS = \
	tests/integration/nodes.py tests/integration/fresh_silence.py tests/integration/fresh_store.py \
	tests/integration/fresh_channel.py tests/integration/fresh_table.py tests/integration/fresh_clock.py \
	tests/integration/fresh_link.py
dist_check_SCRIPTS += $(NODES_TESTS)
TESTS += $(NODES_TESTS)
EXTRA_DIST += tests/integration/history.py tests/integration/fault_kit.py
# Lists of many sessions, what is done to them in bulk.
LISTS_TESTS = tests/integration/lists.py tests/integration/sweeper.py tests/integration/explain.py tests/integration/ctl_sessions.py tests/integration/events.py
dist_check_SCRIPTS += $(LISTS_TESTS)
TESTS += $(LISTS_TESTS)
# What is counted of sessions.
dist_check_SCRIPTS += tests/integration/analytics.py
TESTS += tests/integration/analytics.py
dist_check_SCRIPTS += tests/integration/countries.py
TESTS += tests/integration/countries.py
# Places of a tenant and its clients, on several nodes at once.
dist_check_SCRIPTS += tests/integration/quota.py
TESTS += tests/integration/quota.py
