/* SPDX-License-Identifier: MIT
 * list_query - what a list of sessions is asked for: the query string, strictly, and which record
 * fits it. */
#ifndef SD_LIST_QUERY_H
#define SD_LIST_QUERY_H

#include "pseudonym.h"
#include "query.h"

enum list_status { LIST_ANY = 0, LIST_ACTIVE, LIST_ENDED };

struct list_query {
	struct sd_slice user, device, client; /* n = 0: any */
	bool has_ip;
	uint8_t ip[16], ip_kept[16]; /* as given; as privacy keeps it (IPv4 mapped) */
	char ip_hash[SIGN_KEYSETS][PSEUDONYM_LEN + 1]; /* ... where it keeps hashes; "" = none */
	enum list_status status;
	int64_t after_s, before_s;   /* after <= created < before; 0 and INT64_MAX = open */
	struct query_page page;
	struct sd_slice scope;       /* for cursors of this list */
};

/* Reads r's query. paged: limit and cursor belong to it. STEP_NEXT, or STEP_DONE with a 400
 * answered. */
enum step list_query_read(struct request *r, bool paged, struct list_query *out) SD_MUSTCHECK;

/* Only the time of creation or the user is asked for, which the indexes know. */
bool list_query_is_plain(const struct list_query *q);
/* Does the record fit, now? A record that retention has taken fits nothing. */
bool list_query_fits(const struct request *r, const struct list_query *q,
		     const struct session *s);

#endif
