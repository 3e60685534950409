/* SPDX-License-Identifier: MIT
 * shm_verify - walks a segment and proves what must always hold of it. For tools and tests; works
 * on a segment that its writer goes on changing, and on arbitrary bytes. */
#ifndef SD_SHM_VERIFY_H
#define SD_SHM_VERIFY_H

#include "buf.h"
#include "shm_layout.h"

#define SHM_VERIFY_MAX 100 /* findings told; all are counted */

/* "policy", "control", "revocations", "stats"; "none" for others. */
const char *shm_kind_name(enum shm_kind kind);

/* How many findings; each is a line appended to findings. 0 = all holds. p is mapped, size bytes,
 * aligned to 8. Of a policy segment only the head is looked at (policy_view checks the rest). */
unsigned shm_verify(enum shm_kind kind, const void *p, size_t size, struct sd_buf *findings);

#endif
