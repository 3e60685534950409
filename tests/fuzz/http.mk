# fuzz targets of http/
FUZZ_TARGETS += tests/fuzz/fuzz_http_etag tests/fuzz/fuzz_http_field tests/fuzz/fuzz_http_parse tests/fuzz/fuzz_http_target
tests_fuzz_fuzz_http_field_CPPFLAGS = $(I_HTTP) $(I_FUZZ)
tests_fuzz_fuzz_http_field_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_http_field_LDADD = $(L_HTTP) $(L_BASE)
tests_fuzz_fuzz_http_parse_CPPFLAGS = $(I_HTTP) $(I_FUZZ)
tests_fuzz_fuzz_http_parse_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_http_parse_LDADD = $(L_HTTP) $(L_BASE)
tests_fuzz_fuzz_http_target_CPPFLAGS = $(I_HTTP) $(I_FUZZ)
tests_fuzz_fuzz_http_target_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_http_target_LDADD = $(L_HTTP) $(L_BASE)
tests_fuzz_fuzz_http_etag_CPPFLAGS = $(I_HTTP) $(I_FUZZ)
tests_fuzz_fuzz_http_etag_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_http_etag_LDADD = $(L_HTTP) $(L_BASE)
