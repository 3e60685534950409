# fuzz targets of store/
FUZZ_TARGETS += tests/fuzz/fuzz_redis_log tests/fuzz/fuzz_resp tests/fuzz/fuzz_session
L_FUZZ_STORE = $(L_STORE_SUB) $(L_TOKEN) $(L_SHM_R) $(L_BASE)
tests_fuzz_fuzz_redis_log_CPPFLAGS = $(I_STORE) $(I_FUZZ)
tests_fuzz_fuzz_redis_log_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_redis_log_LDADD = $(L_FUZZ_STORE)
tests_fuzz_fuzz_resp_CPPFLAGS = $(I_STORE) $(I_FUZZ)
tests_fuzz_fuzz_resp_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_resp_LDADD = $(L_FUZZ_STORE)
tests_fuzz_fuzz_session_CPPFLAGS = $(I_STORE) $(I_FUZZ)
tests_fuzz_fuzz_session_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_fuzz_session_LDADD = $(L_FUZZ_STORE)
