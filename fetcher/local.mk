# fetcher: L3, the only program that asks a server outside: keys of issuers, over HTTPS.
FETCHER_SOURCES = \
	fetcher/fetcher_get.c fetcher/fetcher_get.h \
	fetcher/fetcher_keys.c fetcher/fetcher_keys.h \
	fetcher/fetcher_sandbox.c fetcher/fetcher_sandbox.h
EXTRA_DIST += tests/unit/test_fetcher_keys.c fetcher/fetcher_main.c $(FETCHER_SOURCES)
if HAVE_CURL
pkglibexec_PROGRAMS += sessiond-fetcher
sessiond_fetcher_CPPFLAGS = $(I_FETCHER) $(CURL_CFLAGS) $(SECCOMP_CFLAGS)
sessiond_fetcher_SOURCES = fetcher/fetcher_main.c $(FETCHER_SOURCES)
sessiond_fetcher_LDADD = $(L_TOKEN) $(L_SHM_R) $(L_BASE) $(CURL_LIBS)
endif

if HAVE_CURL
if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test_fetcher_keys
tests_unit_test_fetcher_keys_SOURCES = tests/unit/test_fetcher_keys.c fetcher/fetcher_get.c fetcher/fetcher_keys.c
tests_unit_test_fetcher_keys_CPPFLAGS = $(I_FETCHER) $(CURL_CFLAGS) $(SECCOMP_CFLAGS) $(I_TEST)
tests_unit_test_fetcher_keys_LDADD = $(L_TOKEN) $(L_BASE) $(CURL_LIBS) $(CMOCKA_LIBS)
endif
endif
