/* SPDX-License-Identifier: MIT
 * boards - statistics segments: made for each child, read by the master, merged when it is dead.
 * Owns:      the master's mapping and descriptor of each segment
 * Runs in:   master (before and after the sandbox)
 * Fails by:  returning SD_ERR_SYSTEM, SD_ERR_MEMORY
 * Never:     trusts a text in a segment: its writer may be anyone by now */
#include "base.h"
#include "boards.h"

#include <sys/mman.h>
#include <unistd.h>

#include "err.h"
#include "shm_map.h"

int boards_open(struct board *b, enum role role, uint32_t index, struct sd_diag *diag)
{
	void *p;
	int err = shm_create(SHM_KIND_STATS, 0, sizeof(struct shm_stats), &b->fd, &p, diag);

	b->p = p;
	if (err != SD_OK)
		return err;
	b->p->role = (uint32_t)role;
	b->p->index = index;
	if (shm_seal_size(b->fd) == SD_OK)
		return SD_OK;
	boards_retire(b, NULL);
	return sd_diag_set(diag, SD_ERR_SYSTEM, "statistics: seal: %s", strerror(errno));
}

static void keep_routes(struct shm_stats *into, const struct board *b)
{
	for (uint32_t i = 0; i < SHM_STATS_ROUTES; i++)
		if (into->route[i][0] == '\0')
			boards_route_name(b->p, i, into->route[i], sizeof(into->route[i]));
}

void boards_retire(struct board *b, struct shm_stats *into)
{
	if (b->p == NULL)
		return;
	if (into != NULL) {
		board_merge(into, b->p);
		keep_routes(into, b);
	}
	(void)munmap(b->p, sizeof(*b->p));
	(void)close(b->fd);
	b->p = NULL;
	b->fd = -1;
}

static void copy_text(const char *from, size_t max, char *out, size_t size)
{
	size_t n = 0;

	while (n < max && n + 1 < size && from[n] != '\0') {
		out[n] = from[n];
		n++;
	}
	out[n] = '\0';
}

void boards_panic(const struct board *b, char *out, size_t size)
{
	out[0] = '\0';
	if (b->p != NULL)
		copy_text(b->p->panic, sizeof(b->p->panic), out, size);
}

void boards_route_name(const struct shm_stats *s, uint32_t route, char *out, size_t size)
{
	out[0] = '\0';
	if (route < SHM_STATS_ROUTES)
		copy_text(s->route[route], sizeof(s->route[route]), out, size);
}

void boards_last_route(const struct board *b, char *out, size_t size)
{
	uint64_t route = 0;

	out[0] = '\0';
	if (b->p != NULL)
		route = atomic_load_explicit(&b->p->last_route, memory_order_relaxed);
	if (route > 0 && route <= SHM_STATS_ROUTES)
		boards_route_name(b->p, (uint32_t)route - 1, out, size);
}
