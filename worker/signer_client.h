/* SPDX-License-Identifier: MIT
 * signer_client - requests to a signer over its socket, each with a deadline. When a signer dies
 * its waiting requests move to the next one: signing twice is harmless, nothing was answered. */
#ifndef SD_SIGNER_CLIENT_H
#define SD_SIGNER_CLIENT_H

#include "loop.h"
#include "sign_msg.h"

struct sign_call {
	/* from the loop; answer.payload valid inside it only */
	void (*done)(struct sign_call *call);
	struct sign_answer answer;            /* status SIGN_FAILED on time-out or a dead signer */
	/* private */
	struct sign_call *next;
	uint32_t id;
	int64_t deadline_ns;
	size_t n;
	uint8_t *packet; /* kept for a resend; freed before done() */
};

struct signer_link {
	uint32_t refs; /* owners, and one for each waiting call */
	int fd; /* -1 = dead */
	struct sd_io io;
	struct sd_timer timer;
	struct sd_loop *loop;
	struct sign_call *waiting;
	/* the worker's counter: an id stays its own when a call moves to another link */
	uint32_t *ids;
	void (*lost)(struct signer_link *link, void *arg);
	void *arg;
};

struct signer_link_conf {
	struct sd_loop *loop;
	uint32_t *ids;
	void (*lost)(struct signer_link *link, void *arg); /* once, when the peer is gone */
	void *arg;
};
/* fd is the link's from now on (also on error). One reference for the caller. */
int signer_link_new(const struct signer_link_conf *conf, int fd,
		    struct signer_link **out) SD_MUSTCHECK;
struct signer_link *signer_link_ref(struct signer_link *link);
void signer_link_unref(struct signer_link **link);
bool signer_link_alive(const struct signer_link *link);
/* Sends; SD_ERR_CLOSED or SD_ERR_AGAIN (then done() will not run). */
int signer_call(struct signer_link *link, const struct sign_request *request, int64_t timeout_ns,
		struct sign_call *call) SD_MUSTCHECK;
/* Gives all that waits on a dead link to another one. */
void signer_link_move(struct signer_link *from, struct signer_link *to);

#endif
