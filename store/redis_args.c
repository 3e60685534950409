/* SPDX-License-Identifier: MIT
 * redis_args - a command's words into its wire form, by hiredis's formatter.
 * Owns:      nothing
 * Runs in:   master | worker
 * Fails by:  returning SD_ERR_MEMORY | sd_bug on more words than were made room for
 * Never:     build a command by pasting text: words carry their lengths
 */
#include "base.h"
#include "redis_link.h"

#include <hiredis/hiredis.h>

#include "die.h"
#include "err.h"

void redis_args_add(struct redis_args *args, struct sd_slice word)
{
	sd_bug_if(args->n >= args->max);
	args->p[args->n] = word.n ? word.p : "";
	args->len[args->n] = word.n;
	args->n++;
}

void redis_args_str(struct redis_args *args, const char *word)
{
	redis_args_add(args, sd_slice_str(word));
}

int redis_args_format(const struct redis_args *args, char **out, size_t *n_out)
{
	char *wire = NULL;
	long long n = redisFormatCommandArgv(&wire, args->n, args->p, args->len);

	*out = NULL;
	*n_out = 0;
	if (n < 0 || !wire)
		return SD_ERR_MEMORY;
	*out = malloc((size_t)n);
	if (*out) {
		memcpy(*out, wire, (size_t)n);
		*n_out = (size_t)n;
	}
	redisFreeCommand(wire);
	return *out ? SD_OK : SD_ERR_MEMORY;
}
