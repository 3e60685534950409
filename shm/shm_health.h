/* SPDX-License-Identifier: MIT
 * shm_health - the checks behind /health: one word each, written by the master. */
#ifndef SD_SHM_HEALTH_H
#define SD_SHM_HEALTH_H

#include "shm_layout.h"

enum health_status { HEALTH_DOWN = 0, HEALTH_DEGRADED, HEALTH_OK };

/* health.def: HEALTH_REASON(ID, "text"). */
enum health_reason {
	HEALTH_REASON_NONE = 0,
#define HEALTH_REASON(id, text) HEALTH_##id,
#include "health.def"
#undef HEALTH_REASON
	HEALTH_REASON_COUNT
};

struct health {
	enum health_status status;
	enum health_reason reason;
	int64_t since_s;
};

const char *health_check_name(enum shm_check check);     /* "store" ... */
const char *health_status_name(enum health_status status); /* "ok" ... */
const char *health_reason_text(enum health_reason reason);
void health_read(const struct shm_control *c, enum shm_check check, struct health *out);
/* Master: keeps since_s when nothing changes; true when it changed. */
bool health_write(struct shm_control *c, enum shm_check check, enum health_status status,
		  enum health_reason reason, int64_t now_s);

#endif
