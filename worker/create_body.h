/* SPDX-License-Identifier: MIT
 * create_body - the body of POST /sessions, read and checked field by field. */
#ifndef SD_CREATE_BODY_H
#define SD_CREATE_BODY_H

#include "request.h"

/* Fills what the body says (data: as text, not sealed); slices point into the body or the arena. STEP_DONE: refused, answered. */
enum step create_body_read(struct request *r, struct store_create *in);

#endif
