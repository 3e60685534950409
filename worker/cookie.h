/* SPDX-License-Identifier: MIT
 * cookie - the tenant's session cookie: set, cleared, found in a request. */
#ifndef SD_COOKIE_H
#define SD_COOKIE_H

#include "request.h"

#define COOKIE_OF_BROWSER (-1) /* without Max-Age: gone when the browser is closed */

/* One Set-Cookie on the coming answer. The attributes are the policy's; Secure and HttpOnly always. */
void cookie_set(struct request *r, const char *token, int64_t max_age_s);
void cookie_clear(struct request *r);
/* Does this request carry the tenant's cookie with a token of that session? */
bool cookie_carries(const struct request *r, const struct sid *sid) SD_MUSTCHECK;

#endif
