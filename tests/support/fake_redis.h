/* SPDX-License-Identifier: MIT
 * fake_redis - a server on a socket pair that says what the test tells it to: stalls, cuts, lies,
 * shifts replies. Where commands have a PING with a tag behind them, tests see neither it nor its
 * answer, but for those that say bytes. */
#ifndef SD_TEST_FAKE_REDIS_H
#define SD_TEST_FAKE_REDIS_H

#include "slice.h"

struct fake_redis {
	int client; /* hand this to the link; its descriptor is the link's then */
	int server;
	char in[1 << 18]; /* all that was received but tags */
	char tag[256][17]; /* of these, in order */
	size_t tags, answered;
	size_t n;
	size_t commands; /* complete ones in it */
	size_t writes;	 /* packets they came in (reads by fake_redis_pump) */
};

void fake_redis_open(struct fake_redis *f);
void fake_redis_close(struct fake_redis *f);
/* Takes in what the client has written so far. */
void fake_redis_pump(struct fake_redis *f);
/* Each whole reply is followed by the answer to its command's tag. */
void fake_redis_say(struct fake_redis *f, const char *resp);
/* Exactly these. */
void fake_redis_say_bytes(struct fake_redis *f, const void *p, size_t n);
/* The client has closed its end. */
bool fake_redis_is_hung_up(struct fake_redis *f);

#endif
