/* SPDX-License-Identifier: MIT
 * revoke_table - a writer and its table in plain memory, new for each test. The including file says
 * how many entries: RIG_ENTRIES. */
#ifndef SD_TEST_REVOKE_TABLE_H
#define SD_TEST_REVOKE_TABLE_H

#include "revoke_rig.h"
#include "shm_revoke_priv.h"

static struct shm_control *control;
static struct shm_revoke_w *w;

static inline int setup(void **state)
{
	struct shm_revoke_conf conf = {RIG_ENTRIES, RIG_ENTRIES, rig_seed};

	(void)state;
	control = calloc(1, sizeof(*control));
	return control && shm_revoke_w_new(&conf, control, &w, NULL) == 0 ? 0 : -1;
}

static inline int teardown(void **state)
{
	(void)state;
	shm_revoke_w_free(&w);
	free(control);
	return 0;
}

/* Enters a session whose home is that bucket. */
static inline struct revoke_entry entry(uint64_t home, uint64_t n, int64_t until_s)
{
	return (struct revoke_entry){.tag = (n << 20) + (1 << 16) + home,
				     .identity = revoke_identity(REVOKE_SESSION, n),
				     .group = 5,
				     .until_s = until_s};
}

static inline bool put(uint64_t home, uint64_t n, int64_t until_s)
{
	struct revoke_entry e = entry(home, n, until_s);

	return revoke_put(w, &e, true);
}

#endif
