/* SPDX-License-Identifier: MIT
 * shm_revoke_w - enters ends: as an entry, or under what already covers them; and rules by time.
 * Owns:      the writer's object; the decision how room is made; the *_before_s rules
 * Runs in:   master (after the sandbox)
 * Fails by:  becoming vague: an end is always covered by an entry or a mark
 * Never:     says done while a reader could still say CLEAR */
#include "base.h"

#include "shm_revoke.h"

#include "die.h"
#include "err.h"
#include "shm_revoke_priv.h"

#define START_BUCKETS 1024u /* a small table starts whole, a big one at a sixteenth */
#define MAX_ENTRIES (1ull << 30)
#define MAX_TRIES 8
/* When full, sweeping is enough only if it gave back this part: else each end would walk it all. */
#define SWEEP_PART 64u
/* Slots copied with each entry that comes while the table grows: it is done long before the eighth
 * of the slots that is left for them is used up. */
#define SLOTS_PER_ENTRY 64u

int shm_revoke_w_new(const struct shm_revoke_conf *conf, struct shm_control *control,
		     struct shm_revoke_w **out, struct sd_diag *diag)
{
	struct shm_revoke_w *w;
	uint64_t start;
	int err;

	*out = NULL;
	if (conf->max_entries == 0 || conf->max_entries > MAX_ENTRIES || conf->entries > MAX_ENTRIES)
		return sd_diag_set(diag, SD_ERR_INVALID, "revocation table: 1 to %llu entries",
				   MAX_ENTRIES);
	w = calloc(1, sizeof(*w));
	if (!w)
		return sd_diag_set(diag, SD_ERR_MEMORY, "revocation table: out of memory");
	w->magic = REVOKE_W_MAGIC;
	w->conf = *conf;
	w->control = control;
	w->number = 1;
	w->next.seg.fd = w->old.fd = -1;
	w->max_buckets = revoke_buckets_for(conf->max_entries);
	start = SD_MIN(revoke_buckets_for(conf->entries), w->max_buckets);
	start = SD_MAX(start / 16, SD_MIN(start, (uint64_t)START_BUCKETS));
	err = revoke_segment_new(&w->seg, w->number, start, diag);
	if (err != 0) {
		free(w);
		return err;
	}
	atomic_store_explicit(&control->table, w->number, memory_order_release);
	*out = w;
	return 0;
}

void shm_revoke_w_free(struct shm_revoke_w **w)
{
	if (!*w)
		return;
	sd_bug_if((*w)->magic != REVOKE_W_MAGIC);
	revoke_segment_fini(&(*w)->seg);
	revoke_segment_fini(&(*w)->next.seg);
	revoke_segment_fini(&(*w)->old);
	revoke_users_fini(&(*w)->users);
	(*w)->magic = 0;
	free(*w);
	*w = NULL;
}

int shm_revoke_w_fd(const struct shm_revoke_w *w)
{
	return w->seg.fd;
}

uint64_t shm_revoke_w_number(const struct shm_revoke_w *w)
{
	return w->number;
}

uint32_t shm_revoke_w_vague(const struct shm_revoke_w *w)
{
	return w->vague;
}

_Atomic int64_t *revoke_vague_at(struct shm_control *c, uint32_t group)
{
	return group < SHM_TENANTS ? &c->tenant_vague_until_s[group] : &c->unowned_vague_until_s;
}

void revoke_vague_raise(struct shm_revoke_w *w, uint32_t group, int64_t until_s)
{
	_Atomic int64_t *at = revoke_vague_at(w->control, group);
	int64_t was = atomic_load_explicit(at, memory_order_relaxed);

	if (was == 0)
		w->vague++;
	until_s = SD_MAX(SD_MAX(until_s, was), 1);
	atomic_store_explicit(at, until_s, memory_order_release);
}

static uint64_t live_now(const struct shm_revoke_w *w)
{
	return atomic_load_explicit(&w->seg.table->live, memory_order_relaxed);
}

/* A bigger one, or one as big without tombstones. */
static uint64_t next_size(const struct shm_revoke_w *w)
{
	uint64_t buckets = w->seg.table->buckets;

	return live_now(w) > revoke_slots(&w->seg) / 2 && buckets < w->max_buckets ? buckets * 2 : buckets;
}

static bool may_grow(const struct shm_revoke_w *w)
{
	return w->grow_hold == 0 && live_now(w) < w->conf.max_entries;
}

/* Begun in time, done bit by bit: with each entry, and by shm_revoke_w_step(). */
static void grow_on(struct shm_revoke_w *w, bool *grown)
{
	uint64_t slots = revoke_slots(&w->seg);
	bool full = live_now(w) >= slots / 4 * 3 ||
		    atomic_load_explicit(&w->seg.table->used, memory_order_relaxed) >= slots / 8 * 7;

	if (!revoke_growing(w) && w->old.fd >= 0)
		(void)revoke_segment_fini_piece(&w->old);
	if (!revoke_growing(w) && !(full && may_grow(w) && revoke_grow_begin(w, next_size(w))))
		return;
	if (revoke_grow_step(w, SLOTS_PER_ENTRY))
		*grown = true;
}

bool shm_revoke_w_busy(const struct shm_revoke_w *w)
{
	return revoke_growing(w) || w->old.fd >= 0;
}

enum shm_revoke_step shm_revoke_w_step(struct shm_revoke_w *w, uint64_t slots)
{
	if (revoke_growing(w) && revoke_grow_step(w, slots))
		return SHM_REVOKE_GROWN;
	if (!revoke_growing(w) && w->old.fd >= 0)
		(void)revoke_segment_fini_piece(&w->old);
	return shm_revoke_w_busy(w) ? SHM_REVOKE_BUSY : SHM_REVOKE_IDLE;
}

/* Room at once: by the successor, by what is over, or by vagueness. */
static bool make_room(struct shm_revoke_w *w, bool *grown)
{
	uint64_t slots = revoke_slots(&w->seg), live = live_now(w);

	if (may_grow(w) && revoke_grow(w, next_size(w))) {
		*grown = true;
		return true;
	}
	shm_revoke_w_sweep(w, w->now_s, slots);
	if (live - live_now(w) > w->conf.max_entries / SWEEP_PART)
		return true;
	return revoke_collapse(w);
}

/* Is an end of this user and tenant covered by something general? Then that must last as long. */
static bool covered(struct shm_revoke_w *w, const struct shm_tags *tags, const struct revoke_entry *e)
{
	struct revoke_entry general = *e;

	if (atomic_load_explicit(revoke_vague_at(w->control, e->group), memory_order_relaxed) != 0) {
		revoke_vague_raise(w, e->group, e->until_s);
		return true;
	}
	if (e->user == 0 || !w->users.user[e->user].collapsed)
		return false;
	general.tag = tags->user;
	general.identity = revoke_identity(REVOKE_USER, tags->user_check);
	return revoke_put(w, &general, true);
}

int shm_revoke_w_session(struct shm_revoke_w *w, const uint8_t sid[16], uint32_t tenant_slot,
			 struct sd_slice user, int64_t until_s, bool *grown_out)
{
	struct shm_tags tags;
	struct revoke_entry e = {
		.group = tenant_slot < SHM_TENANTS ? tenant_slot : REVOKE_UNOWNED,
		.until_s = until_s,
	};

	*grown_out = false;
	shm_tags(w->conf.seed, sid, tenant_slot, user, &tags);
	e.tag = tags.session;
	e.identity = revoke_identity(REVOKE_SESSION, tags.session_check);
	if (w->grow_hold > 0)
		w->grow_hold--;
	for (int i = 0; i < MAX_TRIES; i++) {
		bool done;

		/* A tombstone's user is not known: it can only be part of its tenant. */
		e.user = user.n > 0 ? revoke_user_get(&w->users, &tags, e.group) : 0;
		done = covered(w, &tags, &e) || revoke_put(w, &e, false);
		revoke_user_tidy(&w->users, e.user);
		if (done) {
			grow_on(w, grown_out);
			return 0;
		}
		if (!make_room(w, grown_out))
			break;
	}
	/* No memory and no slot on the way: the mark of its own tenant can always be set. */
	revoke_vague_raise(w, e.group, until_s);
	return 0;
}

static void raise(_Atomic int64_t *rule, uint32_t size, uint32_t slot, int64_t before_s)
{
	if (slot < size && before_s > atomic_load_explicit(&rule[slot], memory_order_relaxed))
		atomic_store_explicit(&rule[slot], before_s, memory_order_release);
}

void shm_revoke_w_tenant(struct shm_revoke_w *w, uint32_t tenant_slot, int64_t before_s)
{
	raise(w->control->tenant_before_s, SHM_TENANTS, tenant_slot, before_s);
}

void shm_revoke_w_client(struct shm_revoke_w *w, uint32_t client_slot, int64_t before_s)
{
	raise(w->control->client_before_s, SHM_CLIENTS, client_slot, before_s);
}

void shm_revoke_w_key(struct shm_revoke_w *w, uint32_t key_slot, int64_t before_s)
{
	raise(w->control->key_before_s, SHM_KEYS, key_slot, before_s);
}
