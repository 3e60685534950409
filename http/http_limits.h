/* SPDX-License-Identifier: MIT
 * http_limits - what a request may cost before anything is allocated for it. */
#ifndef SD_HTTP_LIMITS_H
#define SD_HTTP_LIMITS_H

#include "base.h"

/* Fixed: the arrays of struct http_msg are this big. Configuration may only lower them. */
#define HTTP_MAX_FIELDS 100
#define HTTP_MAX_TARGET 8192       /* request line's target, bytes: 414 above */
#define HTTP_MAX_CHUNK_EXT 256

struct http_limits {
	uint32_t header_bytes;  /* request line and header block: 431 above */
	uint32_t header_fields; /* <= HTTP_MAX_FIELDS: 431 above */
	uint32_t body_bytes;    /* after de-chunking: 413 above */
};

#endif
