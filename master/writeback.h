/* SPDX-License-Identifier: MIT
 * writeback - revocations outlive the store: what this master applied and the store no longer has in
 * its log is given back to it before anything it says counts. */
#ifndef SD_WRITEBACK_H
#define SD_WRITEBACK_H

#include "ends_memory.h"
#include "redis_link.h"
#include "redis_sub.h"
#include "rules_memory.h"
#include "store_back.h"

#define WRITEBACK_BATCH 500 /* commands of one write */

struct master;

enum writeback_state {
	WRITEBACK_NOTHING = 0, /* the store has all that we know, as far as we know */
	WRITEBACK_OWED,	       /* since a reset */
	WRITEBACK_RUNNING
};

struct writeback_item {
	struct redis_req req;
	uint8_t sid[16];
	struct rules_memory_rule *rule; /* NULL: an end */
	uint32_t epoch;
};

struct writeback {
	struct master *m;
	struct ends_memory *ends;
	struct rules_memory rules;
	struct store_back *store;
	char **tenant;	/* names by slot, as the log told them */
	uint32_t epoch; /* rises with each reset */
	enum writeback_state state;
	bool again;	  /* something could not be written: once more */
	unsigned waiting; /* replies owed */
	uint32_t cursor;  /* of ends_memory_next() */
	enum { WRITEBACK_RULES, WRITEBACK_ENDS, WRITEBACK_ALL } stage;
	uint64_t asked, written, refused;	 /* of this run */
	uint64_t written_since; /* all that was written since the store was last said to be back */
	uint64_t dropped_told;
	struct sd_timer timer;
	struct writeback_item item[WRITEBACK_BATCH];
};

int writeback_open(struct master *m) SD_MUSTCHECK;
void writeback_stop(struct master *m);
/* Until when, on the store's clock, a script that is sent now may run. */
int64_t writeback_deadline_ms(const struct writeback *w);
/* An end or a rule that was applied. slot: of the tenant, client or key. */
void writeback_entry(struct master *m, const struct log_entry *e, uint32_t tenant, uint32_t slot);
/* All that the store's log said is void; it is being read from its start. */
void writeback_reset(struct master *m);
/* The log was read completely: does the store have everything? False: it is being given back, and
 * the poll that asks does not count; a poll follows as soon as it is done. */
bool writeback_settled(struct master *m);
/* Each second: forgets what is over, gauges. */
void writeback_tick(struct master *m);
/* Something was dropped at the bound that a session could still come back from. */
bool writeback_is_full(const struct master *m, int64_t now_s);

#endif
