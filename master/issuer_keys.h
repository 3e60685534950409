/* SPDX-License-Identifier: MIT
 * issuer_keys - the public keys of other issuers (oidc.jwks_url): when the fetcher is asked for which,
 * and what was got last, which stays when an issuer is down. */
#ifndef SD_ISSUER_KEYS_H
#define SD_ISSUER_KEYS_H

#include "buf.h"
#include "heritage.h"

struct master;

#define ISSUER_KEYS_MAX 64

struct issuer_source {
	char url[HM_URL_MAX];
	struct sd_slice ca;   /* ours; {NULL,0} = the system's */
	struct sd_slice set;  /* ours: the last good one; {NULL,0} = never got */
	int64_t due_ns;       /* of the next fetch */
	int64_t asked_ns;     /* when the last one began; 0 = never */
	int64_t unknown_ns;   /* up to when the fetches for unknown keys are paid for */
	uint32_t failures;    /* in a row */
	bool used;            /* named by the configuration that is being looked at */
};

struct issuer_keys {
	struct issuer_source source[ISSUER_KEYS_MAX];
	uint32_t count;
	uint32_t busy;        /* 1 + the source that is being fetched; 0 = none */
	uint32_t tag;         /* of that fetch */
	struct sd_buf coming;
};

/* The sources of m->config; those that stay keep their sets, new ones get what state_dir kept. */
void issuer_keys_config(struct master *m);
/* A fetcher is wanted while there are sources. */
void issuer_keys_fleet(struct master *m);
/* policy_jwks_of, arg = the master. */
struct sd_slice issuer_keys_of(void *arg, const char *url);
/* Once a second: asks for what is due. */
void issuer_keys_tick(struct master *m);
/* The fetcher has said something; SD_ERR_INVALID when it may not. */
int issuer_keys_msg(struct master *m, const struct hm_msg *msg) SD_MUSTCHECK;
/* The fetcher has ended. */
void issuer_keys_lost(struct master *m);
/* A worker has met a key that it does not know. */
void issuer_keys_unknown(struct master *m, const struct hm_key_unknown *what);

#endif
