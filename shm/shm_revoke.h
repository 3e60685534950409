/* SPDX-License-Identifier: MIT
 * shm_revoke - the revocation table: what was ended and may still be presented.
 * It never forgets before `until`; when it cannot grow it becomes vague (UNKNOWN), never wrong. */
#ifndef SD_SHM_REVOKE_H
#define SD_SHM_REVOKE_H

#include "diag.h"
#include "shm_layout.h"
#include "slice.h"

enum shm_verdict { SHM_UNKNOWN = 0, SHM_REVOKED, SHM_CLEAR };
/* With REVOKED: what ended it. With UNKNOWN: USER or TENANT = collapsed, NONE = moved or torn. */
enum shm_scope {
	SHM_SCOPE_NONE = 0,
	SHM_SCOPE_SESSION,
	SHM_SCOPE_TENANT,
	SHM_SCOPE_CLIENT,
	SHM_SCOPE_KEY,
	SHM_SCOPE_USER
};

/* Keyed hashes of a session and its user: computed once, valid for all tables of this start. */
struct shm_tags {
	uint64_t session, session_check;
	uint64_t user, user_check;
};

struct shm_query {
	struct shm_tags tags;
	uint32_t tenant_slot; /* SHM_SLOT_NONE never matches */
	uint32_t client_slot;
	uint32_t key_slot;
	int64_t iat_s;        /* compared with the *_before_s rules; INT64_MAX skips them */
};

void shm_tags(struct sd_siphash_key seed, const uint8_t sid[16], uint32_t tenant_slot,
	      struct sd_slice user, struct shm_tags *out);

/* Once after shm_map(): do the table's own figures fit its size? */
bool shm_revoke_fits(const struct shm_revocations *table, size_t size) SD_MUSTCHECK;

/* Reader (shm_revoke_r.c). No lock, no write, no allocation; two probes and three array loads.
 * A table marked moved, or with a torn slot in the way, answers UNKNOWN. The caller has read the
 * clock proof (shm_fresh) before. *scope_out says what matched. */
enum shm_verdict shm_revoke_check(const struct shm_control *control, const struct shm_revocations *table,
				  const struct shm_query *query, enum shm_scope *scope_out) SD_MUSTCHECK;

/* Writer (shm_revoke_w.c, master only). */
struct shm_revoke_w;

struct shm_revoke_conf {
	uint64_t entries;     /* memory.revocations: what it is made for; starts smaller and grows */
	uint64_t max_entries; /* collapses above; normally = entries */
	struct sd_siphash_key seed;
};

int shm_revoke_w_new(const struct shm_revoke_conf *conf, struct shm_control *control,
		     struct shm_revoke_w **out, struct sd_diag *diag) SD_MUSTCHECK;
void shm_revoke_w_free(struct shm_revoke_w **w);
/* The segment to hand out (changes when it grows: compare shm_revoke_w_number()). Borrowed. */
int shm_revoke_w_fd(const struct shm_revoke_w *w);
uint64_t shm_revoke_w_number(const struct shm_revoke_w *w);

/* Enters a session's end. Idempotent; a later until wins. Grows (a bit with each entry) or collapses
 * by itself when full; *grown_out tells that a new segment must be handed to all readers. SD_ERR_FULL is impossible by
 * design (the tenant collapses); SD_ERR_MEMORY only if not even that could be written. */
int shm_revoke_w_session(struct shm_revoke_w *w, const uint8_t sid[16], uint32_t tenant_slot,
			 struct sd_slice user, int64_t until_s, bool *grown_out) SD_MUSTCHECK;
/* Growing goes on, by about that many slots copied. GROWN: as grown_out. BUSY: there is more to do. */
enum shm_revoke_step { SHM_REVOKE_IDLE = 0, SHM_REVOKE_BUSY, SHM_REVOKE_GROWN };
bool shm_revoke_w_busy(const struct shm_revoke_w *w);
enum shm_revoke_step shm_revoke_w_step(struct shm_revoke_w *w, uint64_t slots) SD_MUSTCHECK;
/* Rules by time; only ever raise. */
void shm_revoke_w_tenant(struct shm_revoke_w *w, uint32_t tenant_slot, int64_t before_s);
void shm_revoke_w_client(struct shm_revoke_w *w, uint32_t client_slot, int64_t before_s);
void shm_revoke_w_key(struct shm_revoke_w *w, uint32_t key_slot, int64_t before_s);
/* Tenants whose ends are no longer told apart. */
uint32_t shm_revoke_w_vague(const struct shm_revoke_w *w);
/* Frees entries whose until < now_s; at most max_slots visited per call (spread over time). */
void shm_revoke_w_sweep(struct shm_revoke_w *w, int64_t now_s, uint64_t max_slots);
/* The same by the time that the store has confirmed: this node's clock may be ahead. */
void shm_revoke_w_sweep_confirmed(struct shm_revoke_w *w, uint64_t max_slots);

struct shm_revoke_counts {
	uint64_t live, used, capacity, collapsed;
};
void shm_revoke_counts(const struct shm_revocations *table, struct shm_revoke_counts *out);

#endif
