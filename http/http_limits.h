/* SPDX-License-Identifier: MIT
 * http_limits - what a request may cost before anything is allocated for it. */
#ifndef SD_HTTP_LIMITS_H
#define SD_HTTP_LIMITS_H

#include "base.h"

/* Fixed: the arrays of struct http_msg are this big. Configuration may only lower them. */
#define HTTP_MAX_FIELDS 100
#define HTTP_MAX_TARGET 8192       /* request line's target, bytes: 414 above */
#define HTTP_MAX_CHUNK_EXT 256     /* of one chunk, bytes: 400 above */
#define HTTP_MAX_TRAILER 4096      /* of a chunked body, bytes: 431 above */

struct http_limits {
	uint32_t header_bytes;  /* request line and header block: 431 above */
	uint32_t header_fields; /* <= HTTP_MAX_FIELDS: 431 above */
	uint32_t body_bytes;    /* after de-chunking: 413 above */
};

/* What chunk sizes and extensions may cost on top of the body: 413 above. */
static inline size_t http_limits_chunk_framing(const struct http_limits *l)
{
	return (size_t)l->body_bytes + 8192;
}

/* No message is longer than this many raw bytes without the parser having refused it. */
static inline size_t http_limits_raw(const struct http_limits *l)
{
	return (size_t)l->header_bytes + l->body_bytes + http_limits_chunk_framing(l) +
	       HTTP_MAX_CHUNK_EXT + HTTP_MAX_TRAILER + 32;
}

#endif
