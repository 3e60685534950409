/* SPDX-License-Identifier: MIT
 * applied - read your own revocation: an answer that ended something leaves when this node's table
 * has it, at the latest max_staleness after the script's reply (from then on a table that is still
 * trusted was proven by a read sent after the commit). */
#ifndef SD_APPLIED_H
#define SD_APPLIED_H

#include "request.h"

/* After an end or rule (r->call): STEP_NEXT when this node obeys it already or nothing was there to
 * end, else STEP_PARKED. An end that somebody else made a moment ago is waited for as well: this
 * answer acknowledges it too. */
enum step applied_wait(struct request *r);

#endif
