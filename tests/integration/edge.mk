# Hostile clients and other tenants, over real sockets against the running programs.
EDGE_TESTS = \
	tests/integration/edge_http.py tests/integration/edge_json.py tests/integration/edge_slow.py \
	tests/integration/edge_tokens.py tests/integration/edge_isolation.py
dist_check_SCRIPTS += $(EDGE_TESTS)
TESTS += $(EDGE_TESTS)
EXTRA_DIST += tests/integration/edge_kit.py
