# http: see docs/ARCHITECTURE.md
noinst_LIBRARIES += libsdhttp.a
libsdhttp_a_SOURCES = \
	http/http_check.c http/http_check.h \
	http/http_emit.c http/http_emit.h \
	http/http_etag.c http/http_etag.h \
	http/http_field.c http/http_field.h \
	http/http_limits.h http/http_msg.h \
	http/http_parse.c http/http_parse.h \
	http/http_scan.c http/http_scan.h \
	http/http_target.c http/http_target.h \
	http/problem.c http/problem.def http/problem.h
libsdhttp_a_CPPFLAGS = $(I_HTTP)
L_HTTP = libsdhttp.a $(LLHTTP_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += \
	tests/unit/test_http_check \
	tests/unit/test_http_emit \
	tests/unit/test_http_etag \
	tests/unit/test_http_field \
	tests/unit/test_http_parse \
	tests/unit/test_http_scan \
	tests/unit/test_http_target \
	tests/unit/test_http_vectors \
	tests/unit/test_problem
http_test_cppflags = $(I_HTTP) $(I_TEST)
http_test_ldadd = $(L_HTTP) $(L_BASE) $(CMOCKA_LIBS)
tests_unit_test_http_check_CPPFLAGS = $(http_test_cppflags)
tests_unit_test_http_check_LDADD = $(http_test_ldadd)
tests_unit_test_http_emit_CPPFLAGS = $(http_test_cppflags)
tests_unit_test_http_emit_LDADD = $(http_test_ldadd)
tests_unit_test_http_etag_CPPFLAGS = $(http_test_cppflags)
tests_unit_test_http_etag_LDADD = $(http_test_ldadd)
tests_unit_test_http_field_CPPFLAGS = $(http_test_cppflags)
tests_unit_test_http_field_LDADD = $(http_test_ldadd)
tests_unit_test_http_parse_SOURCES = tests/unit/test_http_parse.c tests/support/http_cases.def
tests_unit_test_http_parse_CPPFLAGS = $(http_test_cppflags)
tests_unit_test_http_parse_LDADD = $(http_test_ldadd)
tests_unit_test_http_scan_CPPFLAGS = $(http_test_cppflags)
tests_unit_test_http_scan_LDADD = $(http_test_ldadd)
tests_unit_test_http_target_CPPFLAGS = $(http_test_cppflags)
tests_unit_test_http_target_LDADD = $(http_test_ldadd)
tests_unit_test_http_vectors_CPPFLAGS = $(http_test_cppflags)
tests_unit_test_http_vectors_LDADD = $(http_test_ldadd)
tests_unit_test_problem_CPPFLAGS = $(http_test_cppflags)
tests_unit_test_problem_LDADD = $(http_test_ldadd)
endif

dist_check_SCRIPTS += tests/guards/errors_doc
TESTS += tests/guards/errors_doc
EXTRA_DIST += docs/errors.awk docs/errors.md
