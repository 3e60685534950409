# Who calls: users by their own tokens, clients by keys and by other issuers' tokens, what each may do.
CALLER_TESTS = tests/integration/self_service.py tests/integration/rbac.py tests/integration/oidc_callers.py \
	tests/integration/oidc_fetch.py
dist_check_SCRIPTS += $(CALLER_TESTS)
TESTS += $(CALLER_TESTS)
EXTRA_DIST += tests/integration/oidc_kit.py
