/* SPDX-License-Identifier: MIT
 * mint_check - the rules of a signing request, one after the other. Pure. */
#ifndef SD_MINT_CHECK_H
#define SD_MINT_CHECK_H

#include "policy_view.h"
#include "sign_msg.h"

/* NULL when r may be signed at now_s, else why not: a constant text. */
const char *mint_check(const struct policy_view *v, const struct sign_request *r, int64_t now_s);

/* The rule that both operations share: the request is for our policy, and names a tenant of it. */
const char *mint_check_place(const struct policy_view *v, const struct sign_request *r);

#endif
