/* SPDX-License-Identifier: MIT
 * http_msg - one parsed request: slices into the connection's input buffer. Nothing is copied
 * but a chunked body (moved together in place). */
#ifndef SD_HTTP_MSG_H
#define SD_HTTP_MSG_H

#include "http_limits.h"
#include "slice.h"

enum http_method {
	HTTP_METHOD_NONE, HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE,
	HTTP_OPTIONS, HTTP_OTHER /* a method of the registry that no route has: 405 */
};

struct http_field_kv {
	struct sd_slice name; /* as sent */
	struct sd_slice value; /* outer white space removed */
};

struct http_msg {
	enum http_method method;
	struct sd_slice method_text;
	struct sd_slice target;   /* as sent */
	struct sd_slice path;     /* before '?', still percent-encoded */
	struct sd_slice query;    /* after '?', may be empty */
	struct sd_slice host;     /* of the one Host field (or absolute-form authority); port included */
	uint8_t version_minor;    /* 1.0 or 1.1 */
	bool keep_alive;
	bool has_body;            /* Content-Length > 0 or chunked was announced */
	bool has_length;          /* Content-Length or Transfer-Encoding present at all */
	bool expect_continue;     /* Expect: 100-continue, HTTP/1.1 */
	uint64_t content_length;
	uint32_t field_count;
	struct http_field_kv fields[HTTP_MAX_FIELDS];
	struct sd_slice body;
};

#endif
