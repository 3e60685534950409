/* SPDX-License-Identifier: MIT
 * http_parse - bytes into http_msg by llhttp in strict mode plus the checks it lacks
 * (security-tests B.2: folds, Host, empty names, HTTP/0.9, Transfer-Encoding in 1.0, upgrades).
 * RFC 9112. Sans-IO: no socket, no clock. The one place that knows llhttp. */
#ifndef SD_HTTP_PARSE_H
#define SD_HTTP_PARSE_H

#include "http_msg.h"

struct http_parser; /* one per connection, reused; about 200 bytes and an http_msg */

enum http_verdict {
	HTTP_BAD = 0, /* see http_parse_status(): answer it and close */
	HTTP_MORE,    /* valid so far, feed more */
	HTTP_HEAD_DONE, /* header complete, body still to come: msg is filled but for body (routing,
			 * early answers, 100-continue); feed again to go on */
	HTTP_DONE     /* msg complete; *used_out bytes belong to it */
};

int http_parser_new(struct http_parser **out, const struct http_limits *limits) SD_MUSTCHECK;
void http_parser_free(struct http_parser **p);
/* Forget the message, for the next one on the connection. */
void http_parser_reset(struct http_parser *p);

/* buf..buf+len is ALL that was received of this message so far (it starts at the same message
 * byte at each call; the memory may have moved, len only grows). Returns the verdict; on
 * HTTP_DONE *used_out is where the next (pipelined) message begins. HTTP_HEAD_DONE is returned
 * exactly once per message that has a body. The result does not depend on how the bytes were cut.
 * Slices of the msg point into buf of the latest call. buf is writable: chunked bodies are joined
 * in place (after HTTP_DONE only msg.body, not the raw bytes, is meaningful). */
enum http_verdict http_parse(struct http_parser *p, char *buf, size_t len, size_t *used_out);

const struct http_msg *http_parser_msg(const struct http_parser *p);

/* After HTTP_BAD: 400, 413, 414, 417, 431, 501 or 505, and a constant phrase that says why
 * (no bytes of the input in it). 417 is for an Expect other than 100-continue. */
uint16_t http_parse_status(const struct http_parser *p);
const char *http_parse_reason(const struct http_parser *p);

/* After HTTP_BAD with 413 for a Content-Length (or 417): the header itself was valid and the msg is
 * filled but for body. Forward-auth answers such a request (a gateway announces the body of the
 * original and never sends it) and closes; nothing of the body may be read. */
bool http_parse_head_ok(const struct http_parser *p);

/* Known once the request line is whole, also of a request that was refused later. */
enum http_method http_parse_method(const struct http_parser *p);

#endif
