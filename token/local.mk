# token: L1, JOSE, keys, claims; base/, OpenSSL and json-c only.
noinst_LIBRARIES += libsdtoken.a libsdtokensign.a
libsdtoken_a_CPPFLAGS = $(I_TOKEN)
libsdtoken_a_SOURCES = \
	token/b64url.c token/b64url.h token/caller_claims.c token/caller_claims.h token/claims.c token/claims.h token/claims_out.c \
	token/handle.c token/handle.h token/jose_alg.c token/jose_alg.h \
	token/json_get.c token/json_in.c token/json_in.h token/json_merge.c token/json_merge.h \
	token/json_scan.h token/json_tree.c \
	token/jwk.c token/jwk.h token/jwk_check.c token/jwk_check.h token/jwk_out.c token/jwks.c \
	token/jws.c token/jws.h token/keyfile.c token/keyfile.h token/seal.c token/seal.h \
	token/token_ossl.c token/token_ossl.h token/token_warm.c token/token_warm.h \
	token/user_key.c token/user_key.h

# Private keys: linked by sessiond-signer and sessionctl alone (tests/guards).
libsdtokensign_a_CPPFLAGS = $(I_TOKEN)
libsdtokensign_a_SOURCES = token/jws_sign.c token/jws_sign.h

L_TOKEN = libsdtoken.a $(JSONC_LIBS) $(CRYPTO_LIBS)
L_TOKENSIGN = libsdtokensign.a $(L_TOKEN)

if HAVE_CMOCKA
TOKEN_TESTS = \
	tests/unit/test_b64url \
	tests/unit/test_caller_claims \
	tests/unit/test_claims \
	tests/unit/test_claims_out \
	tests/unit/test_handle \
	tests/unit/test_jose_alg \
	tests/unit/test_json_get \
	tests/unit/test_json_in \
	tests/unit/test_json_merge \
	tests/unit/test_json_tree \
	tests/unit/test_jwk \
	tests/unit/test_jwk_check \
	tests/unit/test_jwk_out \
	tests/unit/test_jwks \
	tests/unit/test_jws \
	tests/unit/test_jws_sign \
	tests/unit/test_jws_sign_fault \
	tests/unit/test_keyfile \
	tests/unit/test_seal \
	tests/unit/test_token_ossl \
	tests/unit/test_token_warm \
	tests/unit/test_user_key
UNIT_TESTS += $(TOKEN_TESTS)
TOKEN_TEST_CPPFLAGS = $(I_TOKEN) $(I_TEST) $(SECCOMP_CFLAGS)
TOKEN_TEST_LIBS = $(L_TOKENSIGN) $(L_BASE) $(CMOCKA_LIBS)
TOKEN_FIX = tests/support/token_fix.c tests/support/token_fix.h tests/support/jose_examples.h
tests_unit_test_b64url_SOURCES = tests/unit/test_b64url.c
tests_unit_test_b64url_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_b64url_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_caller_claims_SOURCES = tests/unit/test_caller_claims.c
tests_unit_test_caller_claims_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_caller_claims_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_claims_SOURCES = tests/unit/test_claims.c
tests_unit_test_claims_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_claims_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_claims_out_SOURCES = tests/unit/test_claims_out.c
tests_unit_test_claims_out_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_claims_out_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_handle_SOURCES = tests/unit/test_handle.c
tests_unit_test_handle_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_handle_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_jose_alg_SOURCES = tests/unit/test_jose_alg.c
tests_unit_test_jose_alg_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_jose_alg_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_json_get_SOURCES = tests/unit/test_json_get.c
tests_unit_test_json_get_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_json_get_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_json_in_SOURCES = tests/unit/test_json_in.c $(TOKEN_FIX)
tests_unit_test_json_in_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_json_in_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_json_merge_SOURCES = tests/unit/test_json_merge.c
tests_unit_test_json_merge_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_json_merge_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_json_tree_SOURCES = tests/unit/test_json_tree.c
tests_unit_test_json_tree_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_json_tree_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_jwk_SOURCES = tests/unit/test_jwk.c
tests_unit_test_jwk_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_jwk_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_jwk_check_SOURCES = tests/unit/test_jwk_check.c $(TOKEN_FIX)
tests_unit_test_jwk_check_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_jwk_check_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_jwk_out_SOURCES = tests/unit/test_jwk_out.c $(TOKEN_FIX)
tests_unit_test_jwk_out_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_jwk_out_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_jwks_SOURCES = tests/unit/test_jwks.c
tests_unit_test_jwks_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_jwks_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_jws_SOURCES = tests/unit/test_jws.c $(TOKEN_FIX)
tests_unit_test_jws_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_jws_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_jws_sign_SOURCES = tests/unit/test_jws_sign.c $(TOKEN_FIX)
tests_unit_test_jws_sign_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_jws_sign_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_jws_sign_fault_SOURCES = tests/unit/test_jws_sign_fault.c $(TOKEN_FIX)
tests_unit_test_jws_sign_fault_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_jws_sign_fault_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_keyfile_SOURCES = tests/unit/test_keyfile.c
tests_unit_test_keyfile_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_keyfile_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_seal_SOURCES = tests/unit/test_seal.c
tests_unit_test_seal_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_seal_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_token_ossl_SOURCES = tests/unit/test_token_ossl.c
tests_unit_test_token_ossl_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_token_ossl_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_token_warm_SOURCES = tests/unit/test_token_warm.c
tests_unit_test_token_warm_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_token_warm_LDADD = $(TOKEN_TEST_LIBS)
tests_unit_test_user_key_SOURCES = tests/unit/test_user_key.c
tests_unit_test_user_key_CPPFLAGS = $(TOKEN_TEST_CPPFLAGS)
tests_unit_test_user_key_LDADD = $(TOKEN_TEST_LIBS)
endif
