# Static analysers over the sources of the programs: by hand and in CI, not part of make check.
check-static: $(BUILT_SOURCES) config.h
	srcdir='$(srcdir)' STATIC_base='$(I_BASE)' STATIC_http='$(I_HTTP)' STATIC_token='$(I_TOKEN)' \
	STATIC_shm='$(I_SHM)' STATIC_policy='$(I_POLICY)' STATIC_store='$(I_STORE)' \
	STATIC_worker='$(I_WORKER)' STATIC_master='$(I_MASTER)' STATIC_signer='$(I_SIGNER)' \
	STATIC_auditor='$(I_AUDITOR)' STATIC_fetcher='$(I_FETCHER) $(CURL_CFLAGS)' STATIC_geo='$(I_GEO) $(MAXMINDDB_CFLAGS)' STATIC_ctl='$(I_CTL)' \
	STATIC_CFLAGS='$(LLHTTP_CFLAGS) $(SECCOMP_CFLAGS) $(YAML_CFLAGS) -DPKGLIBEXECDIR="lib"' \
	sh '$(srcdir)/tests/static/run' $(STATIC_TOOLS)
.PHONY: check-static
EXTRA_DIST += tests/static/README.md tests/static/run
# Memory checkers, each in a build of its own: minutes, by hand and in CI.
check-sanitizers:
	sh '$(srcdir)/tests/static/memory' sanitizers
	sh '$(srcdir)/tests/static/memory' thread
check-valgrind:
	sh '$(srcdir)/tests/static/memory' valgrind
.PHONY: check-sanitizers check-valgrind
EXTRA_DIST += tests/static/memory
