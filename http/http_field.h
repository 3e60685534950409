/* SPDX-License-Identifier: MIT
 * http_field - the header fields that we read, each by its own grammar. */
#ifndef SD_HTTP_FIELD_H
#define SD_HTTP_FIELD_H

#include "http_msg.h"

/* Lookup that cannot be silently wrong: ONE, NONE, or MANY (a singleton sent twice: 400). */
enum http_found { HTTP_FOUND_MANY = 0, HTTP_FOUND_NONE, HTTP_FOUND_ONE };

/* Name compared without case; *out is written always ({NULL,0} unless ONE). */
enum http_found http_field_get(const struct http_msg *msg, const char *name, struct sd_slice *out)
    SD_MUSTCHECK;

/* "Bearer CREDENTIAL" (RFC 6750 2.1; scheme without case, one or more spaces, token68): false if not. */
bool http_field_bearer(struct sd_slice value, struct sd_slice *credential_out) SD_MUSTCHECK;

/* One cookie of a Cookie field (RFC 6265 4.2). MANY when the name occurs twice. */
enum http_found http_field_cookie(struct sd_slice value, const char *name, struct sd_slice *out)
    SD_MUSTCHECK;

/* media type equals type ("application/json"), parameters ignored but charset must be utf-8. */
bool http_field_media_is(struct sd_slice value, const char *type) SD_MUSTCHECK;

/* X-Request-Id as we accept it: [A-Za-z0-9._-]{8,128}. */
bool http_field_request_id_ok(struct sd_slice value) SD_MUSTCHECK;

/* traceparent version 00 (W3C Trace Context): trace id and parent id as hex slices, not all zero. */
bool http_field_traceparent(struct sd_slice value, struct sd_slice *trace_out,
			    struct sd_slice *parent_out) SD_MUSTCHECK;

#endif
