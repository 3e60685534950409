/* SPDX-License-Identifier: MIT
 * analytics - what was counted of a tenant's sessions in some hours, summed over the partitions. */
#ifndef SD_ANALYTICS_H
#define SD_ANALYTICS_H

#include "request.h"
#include "store_tally.h"

#define ANALYTICS_NAMES 1024 /* more than these are counted together, in `other` */

struct analytics_hour {
	uint64_t created, users, ended[END_COUNT];
	uint64_t refused[RESULT_COUNT], security[SECURITY_COUNT];
	uint64_t bound[BINDING_KIND_COUNT][BINDING_MODE_COUNT];
};
struct analytics_name {
	struct sd_slice name; /* n = 0: a free place */
	uint64_t n;
};

struct analytics {
	struct request *r;
	struct store_tally_in in;
	struct store_tally tally;
	struct sd_timer timer;
	unsigned tries;
	bool failed;
	int64_t from_hour, to_hour;  /* inclusive, as asked for */
	uint64_t active;
	struct analytics_hour *hour; /* TALLY_SESSIONS: of each; else one, the sum */
	struct analytics_name *name; /* 2 * ANALYTICS_NAMES places */
	uint32_t names;
	uint64_t other;
};

/* Reads r's query (from_at, to_at; bucket where there are hours) and makes r->state. STEP_NEXT, or
 * STEP_DONE with a problem answered. */
enum step analytics_parse(struct request *r, enum store_tally_what what) SD_MUSTCHECK;
/* Asks the store; the next step has the sums. */
enum step analytics_ask(struct request *r) SD_MUSTCHECK;
/* STEP_DONE: 503 answered. */
enum step analytics_done(struct request *r) SD_MUSTCHECK;
/* The count of a name, 0 where there is none. */
uint64_t analytics_count(const struct analytics *a, struct sd_slice name);
/* The same, and it is taken out. */
uint64_t analytics_take(struct analytics *a, struct sd_slice name);
/* The sum of what begins so and was not taken out. */
uint64_t analytics_rest(const struct analytics *a, struct sd_slice prefix);
/* Takes out the most frequent name that begins so; NULL: none left. Of equals the first by bytes. */
const struct analytics_name *analytics_top(struct analytics *a, struct sd_slice prefix);

#endif
