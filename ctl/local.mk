# ctl: L3, sessionctl; one file per command group (docs/ARCHITECTURE.md).

# The commands that need no running daemon: tokens from a pipe, keys and the master secret as files.
noinst_LIBRARIES += libsdctlfile.a
libsdctlfile_a_CPPFLAGS = $(I_CTL)
libsdctlfile_a_SOURCES = \
	ctl/ctl_conf.h ctl/ctl_file.c ctl/ctl_file.h ctl/ctl_keydir.c ctl/ctl_keydir.h \
	ctl/ctl_keys.c ctl/ctl_keys.h ctl/ctl_secret.c ctl/ctl_secret.h \
	ctl/ctl_token.c ctl/ctl_token.h
L_CTLFILE = libsdctlfile.a $(L_TOKENSIGN)

# The shared segments, as the master hands them over.
noinst_LIBRARIES += libsdctlmemory.a
libsdctlmemory_a_CPPFLAGS = $(I_CTL)
libsdctlmemory_a_SOURCES = ctl/ctl_memory.c ctl/ctl_memory.h
L_CTLMEMORY = libsdctlmemory.a $(L_POLICY_VIEW) $(L_SHM_TOOL)

# What a configuration says, and what to put into one.
noinst_LIBRARIES += libsdctlpolicy.a
libsdctlpolicy_a_CPPFLAGS = $(I_CTL) $(SECCOMP_CFLAGS)
libsdctlpolicy_a_SOURCES = \
	ctl/ctl_client.c ctl/ctl_client.h ctl/ctl_config.c ctl/ctl_config.h \
	ctl/ctl_explain.c ctl/ctl_explain.h \
	ctl/ctl_lines.c ctl/ctl_lines.h ctl/ctl_policy.c ctl/ctl_policy.h \
	ctl/ctl_tenant.c ctl/ctl_tenant.h
L_CTLPOLICY = libsdctlpolicy.a $(L_CTLFILE) $(L_POLICY_LOAD)

# sessionctl: every command group is one line here and one row in ctl_main.c.
bin_PROGRAMS += sessionctl
CTL_SOURCES = \
	ctl/ctl.h ctl/ctl_client_socket.c ctl/ctl_client_socket.h \
	ctl/ctl_doctor.c ctl/ctl_doctor_proc.c ctl/ctl_doctor_proc.h ctl/ctl_doctor_seals.c \
	ctl/ctl_doctor_seals.h ctl/ctl_segments.c \
	ctl/ctl_segments.h ctl/ctl_status.c \
	ctl/ctl_table.c ctl/ctl_table.h
CTL_SOURCES += ctl/ctl_http.c ctl/ctl_http.h ctl/ctl_sessions.c ctl/ctl_sessions.h
sessionctl_CPPFLAGS = $(I_CTL) $(SECCOMP_CFLAGS) $(YAML_CFLAGS)
sessionctl_SOURCES = ctl/ctl_main.c $(CTL_SOURCES)
sessionctl_LDADD = \
	$(L_CTLPOLICY) $(L_CTLFILE) $(L_CTLMEMORY) $(L_POLICY_LOAD) $(L_TOKENSIGN) $(L_SHM_R) $(L_BASE)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test_ctl_client_socket tests/unit/test_ctl_doctor_proc tests/unit/test_ctl_doctor_seals
CTL_TEST_CPPFLAGS = $(I_CTL) $(SECCOMP_CFLAGS) $(YAML_CFLAGS) $(I_TEST)
tests_unit_test_ctl_client_socket_SOURCES = tests/unit/test_ctl_client_socket.c \
	ctl/ctl_client_socket.c
tests_unit_test_ctl_client_socket_CPPFLAGS = $(CTL_TEST_CPPFLAGS)
tests_unit_test_ctl_client_socket_LDADD = $(sessionctl_LDADD) $(CMOCKA_LIBS)
tests_unit_test_ctl_doctor_proc_SOURCES = tests/unit/test_ctl_doctor_proc.c ctl/ctl_doctor_proc.c
tests_unit_test_ctl_doctor_proc_CPPFLAGS = $(CTL_TEST_CPPFLAGS)
tests_unit_test_ctl_doctor_proc_LDADD = $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_ctl_doctor_seals_SOURCES = tests/unit/test_ctl_doctor_seals.c ctl/ctl_doctor_seals.c
tests_unit_test_ctl_doctor_seals_CPPFLAGS = $(CTL_TEST_CPPFLAGS)
tests_unit_test_ctl_doctor_seals_LDADD = $(L_BASE) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test_ctl_file tests/unit/test_ctl_http
tests_unit_test_ctl_file_SOURCES = tests/unit/test_ctl_file.c
tests_unit_test_ctl_file_CPPFLAGS = $(CTL_TEST_CPPFLAGS)
tests_unit_test_ctl_file_LDADD = $(L_CTLFILE) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_ctl_http_SOURCES = tests/unit/test_ctl_http.c ctl/ctl_http.c
tests_unit_test_ctl_http_CPPFLAGS = $(CTL_TEST_CPPFLAGS)
tests_unit_test_ctl_http_LDADD = $(L_BASE) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test_ctl_table
tests_unit_test_ctl_table_SOURCES = tests/unit/test_ctl_table.c ctl/ctl_table.c
tests_unit_test_ctl_table_CPPFLAGS = $(CTL_TEST_CPPFLAGS)
tests_unit_test_ctl_table_LDADD = $(L_TOKEN) $(L_BASE) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test_ctl_memory
tests_unit_test_ctl_memory_CPPFLAGS = $(I_CTL) $(I_TEST)
tests_unit_test_ctl_memory_LDADD = $(L_CTLMEMORY) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
endif
