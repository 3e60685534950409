/* SPDX-License-Identifier: MIT
 * applied - read your own revocation: an answer that ended something leaves when this node's table
 * has it, at the latest max_staleness after the script's reply (from then on a table that is still
 * trusted was proven by a read sent after the commit). */
#ifndef SD_APPLIED_H
#define SD_APPLIED_H

#include "request.h"

/* STEP_NEXT when it is applied already (or pos is 0), else STEP_PARKED. */
enum step applied_wait(struct request *r, uint8_t partition, uint64_t pos);

#endif
