# signer: L3, the one holder of private keys. No network, no store, no parser of files but PEM.
pkglibexec_PROGRAMS += sessiond-signer
SIGNER_SOURCES = \
	signer/keyring.c signer/keyring.h signer/keyring_file.c signer/keyring_file.h \
	signer/mint.c signer/mint.h signer/mint_check.c signer/mint_check.h \
	signer/signer_audit.c signer/signer_audit.h signer/signer_memory.c signer/signer_memory.h \
	signer/signer_peer.c signer/signer_peer.h signer/signer_sandbox.c signer/signer_sandbox.h
sessiond_signer_CPPFLAGS = $(I_SIGNER) $(SECCOMP_CFLAGS)
sessiond_signer_SOURCES = signer/signer_main.c $(SIGNER_SOURCES)
sessiond_signer_LDADD = $(L_TOKENSIGN) $(L_POLICY_VIEW) $(L_SHM_R) $(L_BASE)
EXTRA_DIST += docs/KEYS.md

if HAVE_CMOCKA
SIGNER_TESTS = \
	tests/unit/test_keyring tests/unit/test_mint tests/unit/test_signer_main \
	tests/unit/test_signer_peer
UNIT_TESTS += $(SIGNER_TESTS)
SIGNER_TEST_SOURCES = tests/support/fake_policy.c tests/support/fake_policy.h $(SIGNER_SOURCES)
SIGNER_TEST_CPPFLAGS = $(I_SIGNER) $(SECCOMP_CFLAGS) $(I_TEST)
SIGNER_TEST_LIBS = $(sessiond_signer_LDADD) $(CMOCKA_LIBS)

tests_unit_test_keyring_SOURCES = tests/unit/test_keyring.c $(SIGNER_TEST_SOURCES)
tests_unit_test_keyring_CPPFLAGS = $(SIGNER_TEST_CPPFLAGS)
tests_unit_test_keyring_LDADD = $(SIGNER_TEST_LIBS)
tests_unit_test_mint_SOURCES = tests/unit/test_mint.c $(SIGNER_TEST_SOURCES)
tests_unit_test_mint_CPPFLAGS = $(SIGNER_TEST_CPPFLAGS)
tests_unit_test_mint_LDADD = $(SIGNER_TEST_LIBS)
# Runs ./sessiond-signer itself.
tests_unit_test_signer_main_SOURCES = \
	tests/unit/test_signer_main.c tests/support/fake_policy.c tests/support/fake_policy.h \
	tests/support/role_rig.h
tests_unit_test_signer_main_CPPFLAGS = $(SIGNER_TEST_CPPFLAGS)
tests_unit_test_signer_main_LDADD = \
	$(L_TOKENSIGN) $(L_POLICY_VIEW) $(L_SHM_W) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_signer_peer_SOURCES = tests/unit/test_signer_peer.c $(SIGNER_TEST_SOURCES)
tests_unit_test_signer_peer_CPPFLAGS = $(SIGNER_TEST_CPPFLAGS)
tests_unit_test_signer_peer_LDADD = $(SIGNER_TEST_LIBS)
endif
