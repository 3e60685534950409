/* SPDX-License-Identifier: MIT
 * store_acl - what the Redis users of sessiond may do: ACL rules as text, for the managed server,
 * for etc/ and for the manual. */
#ifndef SD_STORE_ACL_H
#define SD_STORE_ACL_H

#include "base.h"

#define STORE_ACL_MAX 1024

/* The rules of ACL SETUSER (after the name, without "on" and password) for the workers' user; ""
 * for a prefix that breaks its rules or an out that is too small. */
void store_acl_rules(const char *prefix, char *out, size_t n);
/* The same for the master's user: the workers' and what subscription and log reading need. */
void store_acl_rules_master(const char *prefix, char *out, size_t n);

#endif
