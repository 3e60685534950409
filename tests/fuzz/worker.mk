# fuzz targets of worker/: a whole worker, as its unit tests have it
if HAVE_CMOCKA
FUZZ_TARGETS += tests/fuzz/fuzz_request
tests_fuzz_fuzz_request_CPPFLAGS = $(WORKER_TEST_CPPFLAGS) $(I_FUZZ)
tests_fuzz_fuzz_request_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_request_LDADD = $(WORKER_TEST_LIBS)
endif
