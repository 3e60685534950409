/* SPDX-License-Identifier: MIT
 * bench_revoke - what a look-up in the revocation table costs, and an entry.
 * Owns:      nothing
 * Runs in:   tools
 * Fails by:  exit 1
 * Never:     passes or fails on a number: it measures
 *
 *	bench_revoke [ENTRIES...]	default 1000 1000000 10000000 */
#include "base.h"

#include <inttypes.h>
#include <sys/resource.h>
#include <time.h>

#include "clock.h"
#include "secret.h"
#include "shm_map.h"
#include "shm_revoke.h"

#define LOOKUPS 2000000u
#define QUERIES 65536u
#define ENTRIES_A_TURN 256u
#define SLOTS_A_TURN 8192u /* as master/subscriber.c */

static struct shm_control control;

struct bench {
	struct shm_revoke_w *w;
	const struct shm_revocations *table;
	size_t size;
	struct sd_siphash_key seed;
	uint64_t entries;
	int64_t enter_ns, longest_ns; /* all entries; the slowest one */
	clock_t longest, turn;        /* processor's time, us: the slowest entry, the slowest turn */
	unsigned segments;
};

static uint64_t next(uint64_t *x)
{
	*x = *x * 6364136223846793005u + 1442695040888963407u;
	return *x >> 11;
}

static void names(uint64_t n, uint8_t sid[16], char user[32], struct sd_slice *slice)
{
	memset(sid, 7, 16);
	memcpy(sid + 1, &n, sizeof(n));
	*slice = sd_slice(user, (size_t)snprintf(user, 32, "user%" PRIu64, n / 3));
}

/* What the master's loop does in a turn beside the entries that come. */
static bool turn(struct bench *b)
{
	clock_t t = clock();
	bool grown = shm_revoke_w_step(b->w, SLOTS_A_TURN) == SHM_REVOKE_GROWN;

	t = clock() - t;
	b->turn = SD_MAX(b->turn, t);
	return grown;
}

static bool fill(struct bench *b)
{
	struct shm_revoke_conf conf = {b->entries, b->entries, b->seed};
	uint8_t sid[16];
	char user[32];
	struct sd_slice slice;
	bool grown;

	if (shm_revoke_w_new(&conf, &control, &b->w, NULL) != 0)
		return false;
	b->segments = 1;
	for (uint64_t n = 0; n < b->entries; n++) {
		clock_t cpu;
		int64_t t;

		names(n, sid, user, &slice);
		cpu = clock();
		t = sd_clock_boot_ns();
		if (shm_revoke_w_session(b->w, sid, (uint32_t)(n % 100), slice, 1000, &grown) != 0)
			return false;
		t = sd_clock_boot_ns() - t;
		b->enter_ns += t;
		b->longest_ns = SD_MAX(b->longest_ns, t);
		cpu = clock() - cpu;
		b->longest = SD_MAX(b->longest, cpu);
		b->segments += grown;
		if (n % ENTRIES_A_TURN == 0)
			b->segments += turn(b);
	}
	return shm_map(shm_revoke_w_fd(b->w), SHM_KIND_REVOCATIONS, 128, (const void **)&b->table, &b->size,
		       NULL) == 0;
}

/* ns for each look-up of sessions from first on. */
static double look(const struct bench *b, uint64_t first, uint64_t *sum)
{
	struct shm_query *q = calloc(QUERIES, sizeof(*q));
	uint64_t random = 42;
	enum shm_scope scope;
	int64_t t;
	uint8_t sid[16];
	char user[32];
	struct sd_slice slice;

	for (uint32_t i = 0; q && i < QUERIES; i++) {
		uint64_t n = next(&random) % b->entries;

		names(first + n, sid, user, &slice);
		q[i] = (struct shm_query){.tenant_slot = (uint32_t)(n % 100), .iat_s = 5000};
		shm_tags(b->seed, sid, q[i].tenant_slot, slice, &q[i].tags);
	}
	t = sd_clock_boot_ns();
	for (uint32_t i = 0; q && i < LOOKUPS; i++)
		*sum += (uint64_t)shm_revoke_check(&control, b->table, &q[i % QUERIES], &scope);
	t = sd_clock_boot_ns() - t;
	free(q);
	return (double)t / LOOKUPS;
}

static double tag(const struct bench *b, uint64_t *sum)
{
	struct shm_tags tags;
	uint8_t sid[16];
	char user[32];
	struct sd_slice slice;
	int64_t t;

	names(12345, sid, user, &slice);
	t = sd_clock_boot_ns();
	for (uint32_t i = 0; i < LOOKUPS; i++) {
		sid[0] = (uint8_t)i;
		shm_tags(b->seed, sid, 1, slice, &tags);
		*sum += tags.user;
	}
	return (double)(sd_clock_boot_ns() - t) / LOOKUPS;
}

static bool run(uint64_t entries)
{
	struct bench b = {.entries = entries};
	struct rusage usage;
	uint64_t sum = 0;
	double hit, miss;

	if (entries == 0 || sd_random(&b.seed, sizeof(b.seed)) != 0 || !fill(&b))
		return false;
	hit = look(&b, 0, &sum);
	miss = look(&b, 1ull << 40, &sum);
	(void)getrusage(RUSAGE_SELF, &usage);
	printf("%10" PRIu64 " entries: REVOKED %5.1f ns, CLEAR %5.1f ns, tags %5.1f ns; "
	       "%4.1f bytes shared each; enter %4.0f ns, longest %.1f ms (processor %.1f ms), longest turn %.1f ms, %u segments; rss %ld MB [%" PRIu64 "]\n",
	       entries, hit, miss, tag(&b, &sum), (double)b.size / (double)entries,
	       (double)b.enter_ns / (double)entries, (double)b.longest_ns / 1e6, (double)b.longest / 1e3,
	       (double)b.turn / 1e3, b.segments,
	       usage.ru_maxrss / 1024, sum % 10);
	shm_unmap((const void **)&b.table, b.size);
	shm_revoke_w_free(&b.w);
	return true;
}

int main(int argc, char **argv)
{
	static const uint64_t usual[] = {1000, 1000000, 10000000};

	for (int i = 1; i < argc; i++)
		if (!run(strtoull(argv[i], NULL, 10)))
			return 1;
	for (size_t i = 0; argc == 1 && i < SD_ARRAY_LEN(usual); i++)
		if (!run(usual[i]))
			return 1;
	return 0;
}
