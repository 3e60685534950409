# tests: see docs/ARCHITECTURE.md

# Fuzz targets, one per parser of hostile bytes (tests/fuzz/fuzz.h): each folder has a fragment
# that adds tests/fuzz/fuzz_X to FUZZ_TARGETS and its seeds as tests/fuzz/corpus/X. Per target:
#	tests_fuzz_fuzz_X_CPPFLAGS = $(I_<FOLDER>) $(I_FUZZ)
#	tests_fuzz_fuzz_X_LDFLAGS = $(FUZZ_LINK)
FUZZ_TARGETS =
FUZZ_LINK = $(SD_LINK) $(SD_FUZZ_LDFLAGS)
I_FUZZ = -iquote $(srcdir)/tests/fuzz
if LIBFUZZER
I_FUZZ += -DSD_LIBFUZZER
endif
include tests/fuzz/http.mk
include tests/fuzz/policy.mk
include tests/fuzz/token.mk
include tests/fuzz/shm.mk
include tests/fuzz/store.mk
include tests/fuzz/worker.mk
check_PROGRAMS += $(FUZZ_TARGETS)
dist_check_SCRIPTS += tests/fuzz/replay
TESTS += tests/fuzz/replay
AM_TESTS_ENVIRONMENT = FUZZ_TARGETS='$(FUZZ_TARGETS)'; export FUZZ_TARGETS;
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/fuzz.h tests/fuzz/fuzz_mutate.h tests/fuzz/run
include tests/guards/local.mk
include tests/static/local.mk
include tests/mutants/local.mk
include tests/integration/ctl.mk
include tests/integration/token.mk
include tests/integration/main.mk
include tests/integration/nodes.mk
include tests/integration/callers.mk
include tests/integration/master.mk
include tests/integration/attack.mk
include tests/integration/edge.mk
include tests/models/local.mk
include tests/torture/local.mk
# The places of services that run at once (integration/harness.py).
CLEANFILES += integration.lock.*
