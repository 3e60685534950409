# base: L0, libc and libseccomp only.
noinst_LIBRARIES += libsdbase.a
libsdbase_a_CPPFLAGS = $(I_BASE) $(SECCOMP_CFLAGS)
libsdbase_a_SOURCES = \
	base/arena.c base/arena.h base/base.h base/buf.c base/buf.h base/clock.c base/clock.h \
	base/diag.c base/diag.h base/die.c base/die.h base/err.c base/err.h \
	base/fault.c base/fault.h base/fdpass.c base/fdpass.h base/fdset.c base/fdset.h \
	base/ident.c base/ident.h \
	base/log.c base/log.h base/loop.c base/loop.h \
	base/sandbox.c base/sandbox.h base/sandbox_filter.c base/sandbox_filter.h \
	base/sandbox_landlock.c base/sandbox_landlock.h base/sandbox_rows.c base/sandbox_rows.h \
	base/secret.c base/secret.h base/siphash.c base/siphash.h base/slice.c base/slice.h \
	base/starved.c base/starved.h

# What every program of ours links last.
L_BASE = libsdbase.a $(SECCOMP_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_arena \
	tests/unit/test_buf \
	tests/unit/test_clock \
	tests/unit/test_diag \
	tests/unit/test_die \
	tests/unit/test_err \
	tests/unit/test_fault \
	tests/unit/test_fdpass \
	tests/unit/test_fdset \
	tests/unit/test_ident \
	tests/unit/test_log \
	tests/unit/test_loop \
	tests/unit/test_sandbox \
	tests/unit/test_sandbox_filter \
	tests/unit/test_sandbox_landlock \
	tests/unit/test_sandbox_probe \
	tests/unit/test_sandbox_rows \
	tests/unit/test_secret \
	tests/unit/test_siphash \
	tests/unit/test_slice \
	tests/unit/test_starved
tests_unit_test_arena_SOURCES = tests/unit/test_arena.c
tests_unit_test_arena_CPPFLAGS = $(I_BASE) $(I_TEST)
tests_unit_test_arena_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_buf_SOURCES = tests/unit/test_buf.c
tests_unit_test_buf_CPPFLAGS = $(I_BASE) $(I_TEST)
tests_unit_test_buf_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_clock_SOURCES = tests/unit/test_clock.c
tests_unit_test_clock_CPPFLAGS = $(I_BASE) $(I_TEST)
tests_unit_test_clock_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_diag_SOURCES = tests/unit/test_diag.c
tests_unit_test_diag_CPPFLAGS = $(I_BASE) $(I_TEST)
tests_unit_test_diag_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_die_SOURCES = tests/unit/test_die.c
tests_unit_test_die_CPPFLAGS = $(I_BASE) $(I_TEST)
tests_unit_test_die_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_err_SOURCES = tests/unit/test_err.c
tests_unit_test_err_CPPFLAGS = $(I_BASE) $(I_TEST)
tests_unit_test_err_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_fault_SOURCES = tests/unit/test_fault.c
tests_unit_test_fault_CPPFLAGS = $(I_BASE) $(I_TEST)
tests_unit_test_fault_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_fdpass_SOURCES = tests/unit/test_fdpass.c
tests_unit_test_fdpass_CPPFLAGS = $(I_BASE) $(I_TEST)
tests_unit_test_fdpass_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_fdset_SOURCES = tests/unit/test_fdset.c
tests_unit_test_fdset_CPPFLAGS = $(I_BASE) $(I_TEST)
tests_unit_test_fdset_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_ident_SOURCES = tests/unit/test_ident.c
tests_unit_test_ident_CPPFLAGS = $(I_BASE) $(I_TEST)
tests_unit_test_ident_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_log_SOURCES = tests/unit/test_log.c
tests_unit_test_log_CPPFLAGS = $(I_BASE) $(I_TEST)
tests_unit_test_log_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_loop_SOURCES = tests/unit/test_loop.c
tests_unit_test_loop_CPPFLAGS = $(I_BASE) $(I_TEST)
tests_unit_test_loop_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_sandbox_SOURCES = tests/unit/test_sandbox.c
tests_unit_test_sandbox_CPPFLAGS = $(I_BASE) $(I_TEST) $(SECCOMP_CFLAGS)
tests_unit_test_sandbox_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_sandbox_landlock_SOURCES = tests/unit/test_sandbox_landlock.c
tests_unit_test_sandbox_landlock_CPPFLAGS = $(I_BASE) $(I_TEST) $(SECCOMP_CFLAGS)
tests_unit_test_sandbox_landlock_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_sandbox_probe_SOURCES = tests/unit/test_sandbox_probe.c
tests_unit_test_sandbox_probe_CPPFLAGS = $(I_BASE) $(I_TEST) $(SECCOMP_CFLAGS)
tests_unit_test_sandbox_probe_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_sandbox_probe_LDFLAGS = $(SD_LINK) -Wl,--wrap=sd_filter_install
tests_unit_test_sandbox_rows_SOURCES = tests/unit/test_sandbox_rows.c
tests_unit_test_sandbox_rows_CPPFLAGS = $(I_BASE) $(I_TEST) $(SECCOMP_CFLAGS)
tests_unit_test_sandbox_rows_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_sandbox_filter_SOURCES = tests/unit/test_sandbox_filter.c
tests_unit_test_sandbox_filter_CPPFLAGS = $(I_BASE) $(I_TEST) $(SECCOMP_CFLAGS)
tests_unit_test_sandbox_filter_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_sandbox_filter_LDFLAGS = $(SD_LINK) -Wl,--wrap=seccomp_export_bpf
tests_unit_test_secret_SOURCES = tests/unit/test_secret.c
tests_unit_test_secret_CPPFLAGS = $(I_BASE) $(I_TEST)
tests_unit_test_secret_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_siphash_SOURCES = tests/unit/test_siphash.c
tests_unit_test_siphash_CPPFLAGS = $(I_BASE) $(I_TEST)
tests_unit_test_siphash_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_starved_SOURCES = tests/unit/test_starved.c
tests_unit_test_starved_CPPFLAGS = $(I_BASE) $(I_TEST)
tests_unit_test_starved_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_slice_SOURCES = tests/unit/test_slice.c
tests_unit_test_slice_CPPFLAGS = $(I_BASE) $(I_TEST)
tests_unit_test_slice_LDADD = $(L_BASE) $(CMOCKA_LIBS)
endif
