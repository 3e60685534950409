/* SPDX-License-Identifier: MIT
 * respond - answers: the one place where a status leaves. */
#ifndef SD_RESPOND_H
#define SD_RESPOND_H

#include "request.h"

/* All return STEP_DONE. detail may be NULL; it is text of ours or validated input, never a secret.
 * pointer is a JSON pointer or NULL. */
enum step respond_problem(struct request *r, enum problem p, const char *detail,
			  const char *pointer);
/* r->body as JSON. A body that failed to grow becomes 503. */
/* The same with one member more. */
enum step respond_problem_member(struct request *r, enum problem p, const char *name,
				 struct sd_slice value);
enum step respond_json(struct request *r, uint16_t status);
enum step respond_empty(struct request *r, uint16_t status);
enum step respond_text(struct request *r, uint16_t status, const char *type, struct sd_slice text);

/* An answer in parts, of a length that nobody knows yet: the head; then what is in r->body, again and
 * again (it is empty after); then the end. whole: false closes without saying that it is over, so
 * that the client knows. */
void respond_stream_begin(struct request *r, uint16_t status, const char *type);
void respond_stream_part(struct request *r);
enum step respond_stream_end(struct request *r, bool whole);

/* A header field of the coming answer; the value must live as long as the request. */
void respond_header(struct request *r, const char *name, struct sd_slice value);

#endif
