/* SPDX-License-Identifier: MIT
 * user_caller - a user who calls for himself: his access token, judged as /sessions/validate does.
 * Two steps, because the store may have to be asked. */
#ifndef SD_USER_CALLER_H
#define SD_USER_CALLER_H

#include "request.h"

/* Fills r->caller and r->tenant; params.user is then the user (USER_EXPIRED: params.id his session).
 * Or parks, or has answered 401 or 503. */
enum step user_caller_step(struct request *r);
/* What the store said, where it was asked. */
enum step user_caller_store_step(struct request *r);

#endif
