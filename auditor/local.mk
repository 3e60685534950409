# auditor: L3, the only writer of the audit trail. What it cannot do is what it does not link.
pkglibexec_PROGRAMS += sessiond-auditor
AUDITOR_SOURCES = \
	auditor/auditor_peer.c auditor/auditor_peer.h \
	auditor/auditor_sandbox.c auditor/auditor_sandbox.h \
	auditor/sink_file.c auditor/sink_file.h
sessiond_auditor_CPPFLAGS = $(I_AUDITOR) $(SECCOMP_CFLAGS)
sessiond_auditor_SOURCES = auditor/auditor_main.c $(AUDITOR_SOURCES)
sessiond_auditor_LDADD = $(L_SHM_R) $(L_BASE)
EXTRA_DIST += docs/AUDIT.md

if HAVE_CMOCKA
AUDITOR_TESTS = \
	tests/unit/test_auditor_main tests/unit/test_auditor_peer tests/unit/test_sink_file
UNIT_TESTS += $(AUDITOR_TESTS)
AUDITOR_TEST_CPPFLAGS = $(I_AUDITOR) $(SECCOMP_CFLAGS) $(I_TEST)
AUDITOR_TEST_LIBS = $(L_SHM_R) $(L_BASE) $(CMOCKA_LIBS)

# Runs ./sessiond-auditor itself.
tests_unit_test_auditor_main_SOURCES = tests/unit/test_auditor_main.c tests/support/role_rig.h
tests_unit_test_auditor_main_CPPFLAGS = $(AUDITOR_TEST_CPPFLAGS)
tests_unit_test_auditor_main_LDADD = $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_auditor_peer_SOURCES = tests/unit/test_auditor_peer.c $(AUDITOR_SOURCES)
tests_unit_test_auditor_peer_CPPFLAGS = $(AUDITOR_TEST_CPPFLAGS)
tests_unit_test_auditor_peer_LDADD = $(AUDITOR_TEST_LIBS)
tests_unit_test_sink_file_SOURCES = tests/unit/test_sink_file.c $(AUDITOR_SOURCES)
tests_unit_test_sink_file_CPPFLAGS = $(AUDITOR_TEST_CPPFLAGS)
tests_unit_test_sink_file_LDADD = $(AUDITOR_TEST_LIBS)
endif
