# token: L1, JOSE, keys, claims; base/, OpenSSL and json-c only.
noinst_LIBRARIES += libsdtoken.a libsdtokensign.a
libsdtoken_a_CPPFLAGS = $(I_TOKEN)
libsdtoken_a_SOURCES = \
	token/b64url.c token/b64url.h token/claims.c token/claims.h token/claims_out.c \
	token/handle.c token/handle.h token/jose_alg.c token/jose_alg.h \
	token/json_get.c token/json_in.c token/json_in.h token/json_scan.h token/json_tree.c \
	token/jwk.c token/jwk.h token/jwk_check.c token/jwk_check.h token/jwk_out.c token/jwks.c \
	token/jws.c token/jws.h token/keyfile.c token/keyfile.h token/seal.c token/seal.h \
	token/token_ossl.c token/token_ossl.h token/token_warm.c token/token_warm.h

# Private keys: linked by sessiond-signer and sessionctl alone (tests/guards).
libsdtokensign_a_CPPFLAGS = $(I_TOKEN)
libsdtokensign_a_SOURCES = token/jws_sign.c token/jws_sign.h

L_TOKEN = libsdtoken.a $(JSONC_LIBS) $(CRYPTO_LIBS)
L_TOKENSIGN = libsdtokensign.a $(L_TOKEN)
