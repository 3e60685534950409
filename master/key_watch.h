/* SPDX-License-Identifier: MIT
 * key_watch - each change of a signing key's state goes into the audit trail: which key, of whom, what it is
 * now. */
#ifndef SD_KEY_WATCH_H
#define SD_KEY_WATCH_H

#include "base.h"

struct master;

struct key_watch {
	uint8_t *state; /* by the key's slot; 0 = not seen yet */
};

/* What there is at the start is noted, not told. */
int key_watch_open(struct master *m) SD_MUSTCHECK;
/* After a policy has come into force, or a key's time has come. */
void key_watch_look(struct master *m);

#endif
