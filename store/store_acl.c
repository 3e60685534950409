/* SPDX-License-Identifier: MIT
 * store_acl - the narrow users of Redis.
 * Owns:      the list of commands that sessiond needs, scripts' commands among them
 * Runs in:   master | tools
 * Fails by:  an empty text
 * Never:     a command that no script and no call of ours uses; a category
 */
#include "base.h"
#include "store_acl.h"

#include "err.h"
#include "store_key.h"

/* Redis checks what a script calls against its caller's rules, so these stand here too. */
static const char worker[] =
    "+evalsha +eval +time +ping +hgetall +hmget +hget +hset +hdel +exists +pexpireat +pexpiretime "
    "+setnx +xadd +xrange +xtrim +zadd +zrem +zrange +publish +select +client|setname";
static const char master[] = "+xread +mget +role +info +subscribe +unsubscribe";

static void make(const char *prefix, const char *more, char *out, size_t n)
{
	int len;

	if (n == 0)
		return;
	out[0] = '\0';
	/* The prefix's alphabet holds nothing that a pattern or a rule could be made of. */
	if (store_key_check_prefix(prefix) != SD_OK)
		return;
	len = snprintf(out, n, "resetkeys resetchannels -@all ~%s* &%swake %s%s%s", prefix, prefix,
		       worker, *more ? " " : "", more);
	if (len < 0 || (size_t)len >= n)
		out[0] = '\0';
}

void store_acl_rules(const char *prefix, char *out, size_t n)
{
	make(prefix, "", out, n);
}

void store_acl_rules_master(const char *prefix, char *out, size_t n)
{
	make(prefix, master, out, n);
}
