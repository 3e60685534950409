# Source guards: rules of the house as tests. Each prints file:line and the rule's reason.
GUARDS = \
	tests/guards/layers tests/guards/sizes tests/guards/banned tests/guards/cards \
	tests/guards/registered tests/guards/headers tests/guards/generated tests/guards/files_doc tests/guards/openapi \
	tests/guards/no_faults tests/guards/docs_names
dist_check_SCRIPTS += $(GUARDS)
EXTRA_DIST += docs/openapi.yaml tests/support/openapi.py docs/ARCHITECTURE.md docs/HACKING.md docs/FILES.md docs/files.sh \
	tests/guards/guard.py tests/guards/untested.txt
TESTS += $(GUARDS)
AM_TESTS_ENVIRONMENT += srcdir='$(srcdir)'; builddir='$(top_builddir)'; CC='$(CC)'; \
	GUARD_CFLAGS='$(LLHTTP_CFLAGS) $(CRYPTO_CFLAGS) $(JSONC_CFLAGS) $(HIREDIS_CFLAGS) $(SECCOMP_CFLAGS) $(YAML_CFLAGS)'; \
	export srcdir builddir CC GUARD_CFLAGS;

# Units and guards only: a few seconds, for the edit loop.
check-fast: $(UNIT_TESTS)
	$(MAKE) check-TESTS TESTS='$(UNIT_TESTS) $(GUARDS)'
.PHONY: check-fast
