/* SPDX-License-Identifier: MIT
 * worker_rig - a whole struct worker without a master: segments by the real writers, the policy of
 * fake_policy with its blanks filled in, frozen clocks, an auditor and a signer that the test
 * plays, no connection to a store (each call ends UNAVAILABLE). */
#ifndef SD_WORKER_RIG_H
#define SD_WORKER_RIG_H

#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "fake_policy.h"
#include "request.h"
#include "shm_revoke.h"
#include "worker.h"

#define RIG_BOOT_NS (1000 * SD_NS_PER_S)
#define RIG_WALL_MS (FAKE_POLICY_NOW * 1000)
#define RIG_STALENESS_MS 400

/* API keys: of brand-a's mobile (may do everything) and web (may validate), of brand-b's web. */
#define RIG_KEY_A "sdk_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define RIG_KEY_A_WEB "sdk_wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
#define RIG_KEY_B "sdk_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

enum { RIG_A, RIG_B, RIG_C };

struct worker_rig {
	struct fake_policy policy;
	struct worker w;
	struct shm_control *control; /* the master's, writable */
	struct shm_revoke_w *revocations;
	int64_t boot_ns, wall_ms;
	int auditor, signer; /* the test's ends; -1 = none */
	struct request r;    /* for what needs no connection */
	struct http_msg msg;
	struct conn c;
	unsigned stores_lost;
};

void worker_rig_init(struct worker_rig *rig);
void worker_rig_fini(struct worker_rig *rig);
/* *state for cmocka. */
int worker_rig_setup(void **state);
int worker_rig_teardown(void **state);

/* Both clocks go on. */
void worker_rig_pass(struct worker_rig *rig, int64_t ms);
/* One turn of the loop, at the rig's time. */
void worker_rig_turn(struct worker_rig *rig);
/* Every partition is proven now. */
void worker_rig_fresh(struct worker_rig *rig);
/* A tenant of the image, to be changed before worker_rig_adopt(). */
struct policy_tenant *worker_rig_tenant(struct worker_rig *rig, uint32_t index);
struct policy_image *worker_rig_image(struct worker_rig *rig);
/* More of the image, for its new contents: where it begins. */
uint32_t worker_rig_append(struct worker_rig *rig, const void *p, size_t n);
struct pi_str worker_rig_text(struct worker_rig *rig, const char *s);
/* A sealed segment of the image as it is now: the caller closes it. */
int worker_rig_image_fd(struct worker_rig *rig);
/* A trust level of the tenant's image, beside those that it has; before worker_rig_adopt(). */
struct rig_level {
	const char *name, *step_up;
	uint32_t idle_s, absolute_s, max_per_user;
};
void worker_rig_level(struct worker_rig *rig, uint32_t tenant, struct rig_level level);
/* The image as it is now becomes generation `number` of the worker. */
void worker_rig_adopt(struct worker_rig *rig, uint64_t number);
/* Tenant keys as the signer would hand them over: mac of tenant t's set s is bytes of 16*t+s+1. */
struct tenant_keys worker_rig_keys(uint32_t tenant);
/* rig->r as a request of tenant, begun now. */
struct request *worker_rig_request(struct worker_rig *rig, uint32_t tenant);
/* ... with a message: the query, fields (name and value in turn, then NULL), the body; each may be
 * NULL. */
struct request *worker_rig_message(struct worker_rig *rig, const char *query, const char *const *fields,
				   const char *body);
/* "CODE POINTER" of the problem that rig->r was answered with; "" when it has no answer. Static. */
const char *worker_rig_refusal(struct worker_rig *rig);
/* Enters an end into the table. */
void worker_rig_revoke(struct worker_rig *rig, const struct sid *sid, uint32_t tenant,
		       const char *user);
/* The auditor grants so many and has acknowledged up to an id. */
void worker_rig_credit(struct worker_rig *rig, uint32_t granted, uint64_t acked);
/* The next record that the auditor has got; false when there is none. packet: AUDIT_MAX_RECORD. */
bool worker_rig_record(struct worker_rig *rig, uint8_t *packet, struct audit_record *out);

/* A client's side of a new connection to the API listener (non-blocking). */
int worker_rig_client(struct worker_rig *rig);
void worker_rig_say(int client, const char *bytes, size_t n);
/* Appends what has arrived, NUL-terminated (so far at `have`); false at the end of the stream. */
bool worker_rig_hear(int client, char *buf, size_t size, size_t *have);

#endif
