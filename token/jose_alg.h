/* SPDX-License-Identifier: MIT
 * jose_alg - the closed list of signature algorithms and which key each one goes with.
 * RFC 7518 3.1, RFC 8037 3.1, RFC 8725 3.1. "none" and HMAC cannot be represented. */
#ifndef SD_JOSE_ALG_H
#define SD_JOSE_ALG_H

#include "slice.h"

enum jose_alg { JOSE_ALG_NONE_VALID = 0, JOSE_RS256, JOSE_PS256, JOSE_ES256, JOSE_EDDSA, JOSE_ALG_COUNT };

/* Exact, case-sensitive; JOSE_ALG_NONE_VALID for everything else. */
enum jose_alg jose_alg_parse(struct sd_slice name);
/* "RS256" ...; "" for JOSE_ALG_NONE_VALID. */
const char *jose_alg_name(enum jose_alg alg);

#endif
