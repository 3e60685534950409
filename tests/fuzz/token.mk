# fuzz targets of token/
FUZZ_TARGETS += tests/fuzz/fuzz_caller_claims tests/fuzz/fuzz_claims tests/fuzz/fuzz_handle tests/fuzz/fuzz_json_in \
	tests/fuzz/fuzz_json_merge tests/fuzz/fuzz_jwk tests/fuzz/fuzz_jws
tests_fuzz_fuzz_claims_CPPFLAGS = $(I_TOKEN) $(I_FUZZ)
tests_fuzz_fuzz_claims_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_claims_LDADD = $(L_TOKEN) $(L_BASE)
tests_fuzz_fuzz_handle_CPPFLAGS = $(I_TOKEN) $(I_FUZZ)
tests_fuzz_fuzz_handle_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_handle_LDADD = $(L_TOKEN) $(L_BASE)
tests_fuzz_fuzz_json_in_CPPFLAGS = $(I_TOKEN) $(I_FUZZ)
tests_fuzz_fuzz_json_in_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_json_in_LDADD = $(L_TOKEN) $(L_BASE)
tests_fuzz_fuzz_jwk_CPPFLAGS = $(I_TOKEN) $(I_FUZZ)
tests_fuzz_fuzz_jwk_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_jwk_LDADD = $(L_TOKEN) $(L_BASE)
tests_fuzz_fuzz_jws_CPPFLAGS = $(I_TOKEN) $(I_FUZZ)
tests_fuzz_fuzz_jws_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_jws_LDADD = $(L_TOKEN) $(L_BASE)
tests_fuzz_fuzz_json_merge_CPPFLAGS = $(I_TOKEN) $(I_FUZZ)
tests_fuzz_fuzz_json_merge_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_json_merge_LDADD = $(L_TOKEN) $(L_BASE)
tests_fuzz_fuzz_caller_claims_CPPFLAGS = $(I_TOKEN) $(I_FUZZ)
tests_fuzz_fuzz_caller_claims_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_caller_claims_LDADD = $(L_TOKEN) $(L_BASE)
# what the fetcher makes of a document
FUZZ_TARGETS += tests/fuzz/fuzz_fetcher_keys
tests_fuzz_fuzz_fetcher_keys_SOURCES = tests/fuzz/fuzz_fetcher_keys.c fetcher/fetcher_keys.c
tests_fuzz_fuzz_fetcher_keys_CPPFLAGS = $(I_FETCHER) $(I_FUZZ)
tests_fuzz_fuzz_fetcher_keys_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_fetcher_keys_LDADD = $(L_TOKEN) $(L_BASE)
