/* SPDX-License-Identifier: MIT
 * shm_health - packs a check of /health into one word, and its names.
 * Owns:      the health words of the control segment
 * Runs in:   all read, master writes
 * Fails by:  never; a word that makes no sense reads as down
 * Never:     two words for one check: a reader must not see a torn answer */
#include "base.h"

#include "shm_health.h"

#define STATUS_SHIFT 60
#define REASON_SHIFT 48
#define REASON_MASK 0xfffu
#define SINCE_MASK 0xffffffffffffull

SD_STATIC_ASSERT((int)HEALTH_REASON_COUNT <= (int)REASON_MASK, "a reason fits its 12 bits");
SD_STATIC_ASSERT(CHECK_COUNT <= SD_ARRAY_LEN(((struct shm_control *)0)->health), "a word a check");

static const char *const check_names[CHECK_COUNT] = {
	[CHECK_STORE] = "store",     [CHECK_FRESHNESS] = "freshness", [CHECK_SIGNER] = "signer",
	[CHECK_AUDITOR] = "auditor", [CHECK_WORKERS] = "workers",     [CHECK_POLICY] = "policy",
	[CHECK_SANDBOX] = "sandbox",
};

static const char *const reason_texts[HEALTH_REASON_COUNT] = {
	"",
#define HEALTH_REASON(id, text) text,
#include "health.def"
#undef HEALTH_REASON
};

const char *health_check_name(enum shm_check check)
{
	return (unsigned)check < CHECK_COUNT ? check_names[check] : "";
}

const char *health_status_name(enum health_status status)
{
	switch (status) {
	case HEALTH_OK:
		return "ok";
	case HEALTH_DEGRADED:
		return "degraded";
	case HEALTH_DOWN:
		break;
	}
	return "down";
}

const char *health_reason_text(enum health_reason reason)
{
	return (unsigned)reason < HEALTH_REASON_COUNT ? reason_texts[reason] : "";
}

static void unpack(uint64_t word, struct health *out)
{
	unsigned status = (unsigned)(word >> STATUS_SHIFT);
	unsigned reason = (unsigned)(word >> REASON_SHIFT) & REASON_MASK;

	out->status = status <= HEALTH_OK ? (enum health_status)status : HEALTH_DOWN;
	out->reason =
	    reason < HEALTH_REASON_COUNT ? (enum health_reason)reason : HEALTH_REASON_NONE;
	out->since_s = (int64_t)(word & SINCE_MASK);
}

void health_read(const struct shm_control *c, enum shm_check check, struct health *out)
{
	unpack(atomic_load_explicit(&c->health[check], memory_order_acquire), out);
}

bool health_write(struct shm_control *c, enum shm_check check, enum health_status status,
		  enum health_reason reason, int64_t now_s)
{
	uint64_t word = atomic_load_explicit(&c->health[check], memory_order_relaxed);
	struct health was;

	unpack(word, &was);
	if (word != 0 && was.status == status && was.reason == reason)
		return false;
	word = ((uint64_t)status << STATUS_SHIFT) | ((uint64_t)reason << REASON_SHIFT) |
	       ((uint64_t)SD_MAX(now_s, 0) & SINCE_MASK);
	atomic_store_explicit(&c->health[check], word, memory_order_release);
	return true;
}
