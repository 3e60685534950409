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
    "+evalsha +eval +role +time +ping +hgetall +hmget +hget +hset +hdel +exists +pexpireat +pexpiretime +rename "
    "+hincrby +hlen +pfadd +pfcount +setnx +xadd +xrange +xrevrange +xtrim +zadd +zrem +zrange +zcard +zscore +publish +wait +select +client|setname";
static const char master[] = "+xread +mget +hsetnx +hvals +pexpire +info +subscribe "
			     "+unsubscribe";

static bool begins(const char *prefix, char *out, size_t n)
{
	if (n == 0)
		return false;
	out[0] = '\0';
	/* The prefix's alphabet holds nothing that a pattern or a rule could be made of. */
	return store_key_check_prefix(prefix) == SD_OK;
}

static void ends(int len, char *out, size_t n)
{
	if (len < 0 || (size_t)len >= n)
		out[0] = '\0';
}

/* A worker's keys: those of the 256 partitions, and the nodes' asks. Leases and answers it may read
 * alone: what it said of other nodes another worker would believe. */
void store_acl_rules(const char *prefix, char *out, size_t n)
{
	if (begins(prefix, out, n))
		ends(snprintf(out, n,
			      "resetkeys resetchannels -@all ~%s{??}:* ~%s{nodes}:asks %%R~%s{nodes}:* "
			      "&%swake %s",
			      prefix, prefix, prefix, prefix, worker),
		     out, n);
}

void store_acl_rules_master(const char *prefix, char *out, size_t n)
{
	if (begins(prefix, out, n))
		ends(snprintf(out, n, "resetkeys resetchannels -@all ~%s* &%swake %s %s", prefix,
			      prefix, worker, master),
		     out, n);
}
