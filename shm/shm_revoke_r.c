/* SPDX-License-Identifier: MIT
 * shm_revoke_r - asks the revocation table: REVOKED, CLEAR, or UNKNOWN (ask the store).
 * Owns:      nothing
 * Runs in:   all (worker, on each validation)
 * Fails by:  SHM_UNKNOWN
 * Never:     waits, retries or writes: a reader that meets a writer halfway says UNKNOWN */
#include "base.h"

#include "shm_revoke.h"

#include "shm_revoke_slot.h"

enum found { FOUND_NOT = 0, FOUND_IT, FOUND_TORN };

static uint64_t table_tag(uint64_t hash)
{
	return hash < REVOKE_FIRST_TAG ? hash + REVOKE_FIRST_TAG : hash;
}

void shm_tags(struct sd_siphash_key seed, const uint8_t sid[16], uint32_t tenant_slot,
	      struct sd_slice user, struct shm_tags *out)
{
	/* A letter in front separates the hashes. The session id is unique among tenants and its
	 * hash leaves the tenant out: an end may be known before its tenant has a slot. */
	uint8_t s[17] = {'s'};
	struct {
		uint64_t user;
		uint32_t tenant, letter;
	} u = {.user = sd_siphash(seed, user.n > 0 ? user.p : "", user.n),
	       .tenant = tenant_slot,
	       .letter = 'u'};

	memcpy(s + 1, sid, 16);
	out->session = table_tag(sd_siphash(seed, s, sizeof(s)));
	s[0] = 'S';
	out->session_check = sd_siphash(seed, s, sizeof(s));
	out->user = table_tag(sd_siphash(seed, &u, sizeof(u)));
	u.letter = 'U';
	out->user_check = sd_siphash(seed, &u, sizeof(u));
}

bool shm_revoke_fits(const struct shm_revocations *table, size_t size)
{
	uint64_t buckets;

	if (size < sizeof(*table))
		return false;
	buckets = table->buckets;
	return buckets > 0 && (buckets & (buckets - 1)) == 0 &&
	       buckets <= (size - sizeof(*table)) / (SHM_REVOKE_SLOTS * sizeof(table->slot[0])) &&
	       size == sizeof(*table) + buckets * SHM_REVOKE_SLOTS * sizeof(table->slot[0]);
}

/* A bucket with an empty slot ends the way: it was never full, so nothing went past it. The word
 * is read between two looks at the tag; both loads acquire, the writer's stores release in the
 * order tombstone, word, tag: a word of another entry cannot come with our tag on both sides. */
static enum found probe(const struct shm_revocations *table, uint64_t tag, uint64_t identity)
{
	uint64_t buckets = table->buckets, way = revoke_way(buckets);

	for (uint64_t i = 0; i < way; i++) {
		const struct shm_revoke_slot *slot = &table->slot[revoke_bucket(buckets, tag, i)];
		bool ends = false;

		for (uint32_t n = 0; n < SHM_REVOKE_SLOTS; n++) {
			uint64_t seen = atomic_load_explicit(&slot[n].tag, memory_order_acquire);
			uint64_t word;

			ends |= seen == REVOKE_EMPTY;
			if (SD_LIKELY(seen != tag))
				continue;
			word = atomic_load_explicit(&slot[n].word, memory_order_acquire);
			if (atomic_load_explicit(&slot[n].tag, memory_order_relaxed) != tag)
				return FOUND_TORN;
			if ((word & REVOKE_IDENTITY_MASK) == identity)
				return FOUND_IT;
		}
		if (SD_LIKELY(ends))
			return FOUND_NOT;
	}
	return FOUND_TORN;
}

static bool ruled_out(const _Atomic int64_t *before_s, uint32_t size, uint32_t slot, int64_t iat_s)
{
	return slot < size && iat_s < atomic_load_explicit(&before_s[slot], memory_order_acquire);
}

static enum shm_scope by_rule(const struct shm_control *control, const struct shm_query *q)
{
	if (ruled_out(control->tenant_before_s, SHM_TENANTS, q->tenant_slot, q->iat_s))
		return SHM_SCOPE_TENANT;
	if (ruled_out(control->client_before_s, SHM_CLIENTS, q->client_slot, q->iat_s))
		return SHM_SCOPE_CLIENT;
	if (ruled_out(control->key_before_s, SHM_KEYS, q->key_slot, q->iat_s))
		return SHM_SCOPE_KEY;
	return SHM_SCOPE_NONE;
}

static bool is_vague(const struct shm_control *control, uint32_t tenant_slot)
{
	if (atomic_load_explicit(&control->unowned_vague_until_s, memory_order_acquire) != 0)
		return true;
	return tenant_slot < SHM_TENANTS &&
	       atomic_load_explicit(&control->tenant_vague_until_s[tenant_slot],
				    memory_order_acquire) != 0;
}

/* The order matters: the session's own slot first, then what may stand for it, then `moved`. The
 * writer makes the general visible before it frees the particular, and marks the table before an
 * entry goes elsewhere; so who misses the particular sees the general or the mark. */
static enum shm_verdict by_table(const struct shm_control *control,
				 const struct shm_revocations *table, const struct shm_query *q,
				 enum shm_scope *scope)
{
	enum found session, user;

	/* Two cache misses at once instead of one after the other. */
	__builtin_prefetch(&table->slot[revoke_bucket(table->buckets, q->tags.user, 0)]);
	session = probe(table, q->tags.session,
			revoke_identity(REVOKE_SESSION, q->tags.session_check));
	user = session == FOUND_IT
		   ? FOUND_NOT
		   : probe(table, q->tags.user, revoke_identity(REVOKE_USER, q->tags.user_check));
	if (user == FOUND_IT)
		*scope = SHM_SCOPE_USER;
	else if (is_vague(control, q->tenant_slot))
		*scope = SHM_SCOPE_TENANT;
	if (atomic_load_explicit(&table->moved, memory_order_acquire) != 0) {
		*scope = SHM_SCOPE_NONE;
		return SHM_UNKNOWN;
	}
	if (session == FOUND_IT) {
		*scope = SHM_SCOPE_SESSION;
		return SHM_REVOKED;
	}
	if (*scope != SHM_SCOPE_NONE || session == FOUND_TORN || user == FOUND_TORN)
		return SHM_UNKNOWN;
	return SHM_CLEAR;
}

enum shm_verdict shm_revoke_check(const struct shm_control *control, const struct shm_revocations *table,
				  const struct shm_query *query, enum shm_scope *scope_out)
{
	*scope_out = by_rule(control, query);
	if (*scope_out != SHM_SCOPE_NONE)
		return SHM_REVOKED;
	return by_table(control, table, query, scope_out);
}

void shm_revoke_counts(const struct shm_revocations *table, struct shm_revoke_counts *out)
{
	out->live = atomic_load_explicit(&table->live, memory_order_relaxed);
	out->used = atomic_load_explicit(&table->used, memory_order_relaxed);
	out->collapsed = atomic_load_explicit(&table->collapsed, memory_order_relaxed);
	out->capacity = table->buckets * SHM_REVOKE_SLOTS;
}
