/* SPDX-License-Identifier: MIT
 * session_json - a session as its owner may see it: ids, times, device; no secret. */
#ifndef SD_SESSION_JSON_H
#define SD_SESSION_JSON_H

#include "request.h"

/* Appends the object; says which is `current` to a user who looks at his own. A clock that has run out shows as ended with its reason. */
void session_json(struct request *r, struct sd_buf *b, const struct session *s);
/* ... with its data, JSON text; without when empty: it cannot be read (any more). */
void session_json_data(struct request *r, struct sd_buf *b, const struct session *s,
		       struct sd_slice data);

#endif
