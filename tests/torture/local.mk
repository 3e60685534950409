# Torture of the shipped programs: the n-th allocation or I/O call fails (tests/torture/torture.h).
# Nothing of it is linked into a program: tests/guards/no_faults looks.
check_PROGRAMS += tests/torture/stand_in
tests_torture_stand_in_SOURCES = tests/torture/stand_in.c
tests_torture_stand_in_CPPFLAGS = $(I_BASE)
check_DATA = tests/torture/failing_calls.so
tests/torture/failing_calls.so: tests/torture/failing_calls.c tests/torture/torture.h
	$(AM_V_CCLD)$(MKDIR_P) tests/torture && $(CC) -std=gnu11 -D_GNU_SOURCE $(SD_WARN_CFLAGS) -O1 -g -fPIC \
		-shared -iquote $(srcdir)/tests/torture -o $@ $(srcdir)/tests/torture/failing_calls.c -ldl
CLEANFILES += tests/torture/failing_calls.so
EXTRA_DIST += tests/torture/failing_calls.c tests/torture/torture.h
# ... and what runs out: the worker's part of the torture here, all of it in tests/torture/run.
FAULT_TESTS = tests/integration/exhaustion.py tests/integration/full_disk.py tests/integration/torture.py \
	tests/integration/torture_boot.py
TESTS += $(FAULT_TESTS)
dist_check_SCRIPTS += $(FAULT_TESTS)
EXTRA_DIST += tests/integration/torture_kit.py tests/torture/run
