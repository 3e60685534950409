/* SPDX-License-Identifier: MIT
 * http_etag - entity tags in If-Match and If-None-Match (RFC 9110 8.8.3, 13.1.1, 13.1.2). */
#ifndef SD_HTTP_ETAG_H
#define SD_HTTP_ETAG_H

#include "slice.h"

enum http_etag { HTTP_ETAG_MALFORMED = 0, HTTP_ETAG_NONE, HTTP_ETAG_LISTED, HTTP_ETAG_ANY };

/* Is our strong etag (with its quotes) in the field's list? ANY: the field is "*". strong: weak tags
 * never match (If-Match); else W/ is passed over (If-None-Match). */
enum http_etag http_etag_find(struct sd_slice field, struct sd_slice etag, bool strong) SD_MUSTCHECK;

#endif
