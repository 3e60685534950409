/* SPDX-License-Identifier: MIT
 * http_scan - the strict profile's own pass over the raw bytes: what llhttp lets through is
 * stopped here, byte by byte, before llhttp decides the framing. A fault belongs to one byte
 * position, so that how the bytes were cut cannot matter. */
#ifndef SD_HTTP_SCAN_H
#define SD_HTTP_SCAN_H

#include "http_msg.h"

/* status 0: no fault. reason is a constant phrase. */
struct http_fault {
	uint16_t status;
	const char *reason;
};

enum http_scan_verdict {
	HTTP_SCAN_BAD = 0, /* see fault */
	HTTP_SCAN_MORE,
	HTTP_SCAN_END      /* of the header (head) or of the chunked body (chunked), at pos */
};

struct http_scan {
	uint32_t state;
	struct http_fault fault;
	size_t pos;          /* bytes taken so far */
	size_t start;        /* of the request line: 2 after the one empty line that is forgiven */
	size_t target_at;
	size_t version_at;
	size_t head_len;     /* where the body begins, after HTTP_SCAN_END of the head */
	enum http_method method;
	uint32_t fields;     /* seen so far */
	uint32_t digits;     /* of this chunk size */
	uint32_t ext_bytes;  /* of this chunk's extensions */
	uint64_t chunk_left; /* bytes of this chunk still to come */
	uint64_t data_bytes; /* announced by all chunk sizes so far */
	size_t trailer_at;
};

void http_scan_init(struct http_scan *s);

/* Request line and header block; call with all bytes so far until not MORE. */
enum http_scan_verdict http_scan_head(struct http_scan *s, const char *buf, size_t len,
				      const struct http_limits *limits) SD_MUSTCHECK;

/* The chunked body behind it, likewise. */
enum http_scan_verdict http_scan_chunked(struct http_scan *s, const char *buf, size_t len,
					 const struct http_limits *limits) SD_MUSTCHECK;

/* The methods we know (HTTP_OTHER: known, but no route has it); HTTP_METHOD_NONE else. */
enum http_method http_scan_method(struct sd_slice text) SD_PURE;

#endif
