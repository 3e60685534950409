/* SPDX-License-Identifier: MIT
 * key_wait - a caller whose token is signed with a key that the issuer may just have made: the request
 * waits until the issuer's set has been fetched and is in force, for a moment, then is judged again. */
#ifndef SD_KEY_WAIT_H
#define SD_KEY_WAIT_H

#include "request.h"

#define KEY_WAIT_NS (2 * SD_NS_PER_S)          /* the longest */
#define KEY_WAIT_MOST 16                       /* requests of this worker at once */
#define KEY_WAIT_VAIN_NS (30 * SD_NS_PER_S)    /* for an issuer that gave no such key: nobody waits so long */

/* The caller is unknown. STEP_PARKED: the same step comes again, with the generation in force then; before
 * the body has come (r->head_only) nothing is kept: send for the body. STEP_NEXT: refuse him. */
enum step key_wait(struct request *r);
/* Before that step is taken again: everything of the generation before is let go. */
void key_wait_renew(struct request *r);
/* A generation has come into force: those who wait are judged in the loop's next turn. */
void key_wait_adopted(struct worker *w);

#endif
