/* SPDX-License-Identifier: MIT
 * http_emit - responses straight into an output buffer. Header values are checked: a CR, LF or
 * NUL can never leave (the field is dropped and out->failed set). */
#ifndef SD_HTTP_EMIT_H
#define SD_HTTP_EMIT_H

#include "buf.h"

struct http_head {
	uint16_t status;
	uint8_t version_minor;      /* of the request: 1.0 clients get HTTP/1.1 status lines too, and a close unless kept alive */
	bool close;                 /* adds Connection: close */
	bool keep_alive_1_0;        /* adds Connection: keep-alive */
	bool cacheable;             /* leaves Cache-Control to the caller; else no-store */
	bool head_only;             /* HEAD: headers as for GET, no body */
	const char *content_type;   /* NULL with an empty body */
	struct sd_slice request_id;
	int64_t wall_ms;            /* for Date (formatted once a second) */
};

/* Status line and the fields of every response (Date, X-Request-Id, X-Content-Type-Options,
 * Cache-Control, Connection, Content-Type); then http_emit_field()s, then http_emit_end(). */
void http_emit_begin(struct sd_buf *out, const struct http_head *head);
void http_emit_field(struct sd_buf *out, const char *name, struct sd_slice value);
/* Content-Length (none for 204 and 304), blank line, body. */
void http_emit_end(struct sd_buf *out, const struct http_head *head, struct sd_slice body);

/* Blank line, for a body of unknown length: in chunks, or for HTTP/1.0 up to the connection's end. */
void http_emit_end_stream(struct sd_buf *out, const struct http_head *head);
/* One chunk (nothing for an empty body: that would be the last one), and the last. */
void http_emit_chunk(struct sd_buf *out, struct sd_slice body);
void http_emit_last_chunk(struct sd_buf *out);

/* "HTTP/1.1 100 Continue". */
void http_emit_continue(struct sd_buf *out);

/* Reason phrase of a status; "" when unknown. */
const char *http_status_text(uint16_t status);

#endif
