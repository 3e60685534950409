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
enum step respond_json(struct request *r, uint16_t status);
enum step respond_empty(struct request *r, uint16_t status);
enum step respond_text(struct request *r, uint16_t status, const char *type, struct sd_slice text);

/* A header field of the coming answer; the value must live as long as the request. */
void respond_header(struct request *r, const char *name, struct sd_slice value);

#endif
