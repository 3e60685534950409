# Who calls: users by their own tokens, clients and what each may do.
CALLER_TESTS = tests/integration/self_service.py tests/integration/rbac.py
dist_check_SCRIPTS += $(CALLER_TESTS)
TESTS += $(CALLER_TESTS)
