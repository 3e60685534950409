/* SPDX-License-Identifier: MIT
 * redis_dial - a connection to Redis made without blocking: connect, AUTH, a name, then the bare
 * descriptor. Master only (workers may not connect). */
#ifndef SD_REDIS_DIAL_H
#define SD_REDIS_DIAL_H

#include "diag.h"
#include "loop.h"

struct redis_addr {
	bool is_unix;
	char path[108];       /* unix */
	char host[256];       /* numeric address or name (resolved once, at start and reload) */
	uint16_t port;
	uint32_t db;
	char username[72];    /* "" = none */
	char password[257];   /* "" = none; wiped by redis_addr_wipe() */
};

/* redis://[host]:port/db, unix:PATH, or unix:PATH?db=N. SD_ERR_INVALID with the reason. */
int redis_addr_parse(const char *url, struct redis_addr *out, struct sd_diag *diag) SD_MUSTCHECK;
void redis_addr_wipe(struct redis_addr *addr);
/* Puts a numeric address in the place of a name. Blocks: at start and reload alone. */
int redis_addr_resolve(struct redis_addr *addr, struct sd_diag *diag) SD_MUSTCHECK;

struct redis_dial;
/* fd >= 0: connected, authenticated, db selected, named, non-blocking; the callee owns it. fd < 0:
 * why (a Redis error word or our own text) says it without secrets; loading tells LOADING from other
 * failures. Called once, from the loop; the dial is gone then. */
typedef void (*redis_dial_fn)(void *arg, int fd, bool loading, const char *why);
struct redis_dial_conf {
	struct sd_loop *loop;
	const struct redis_addr *addr; /* resolved; not needed after the start */
	const char *name;
	int64_t timeout_ns;            /* then it gives up */
	redis_dial_fn fn;
	void *arg;
};
/* SD_ERR_* only when not even an attempt could be started; fn will not run then. */
int redis_dial_start(const struct redis_dial_conf *conf, struct redis_dial **out) SD_MUSTCHECK;
void redis_dial_cancel(struct redis_dial **dial);

#endif
