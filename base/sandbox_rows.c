/* SPDX-License-Identifier: MIT
 * sandbox_rows - the one row that no table can have: it names the process itself.
 * Owns:      nothing
 * Runs in:   every role with a table, before its sandbox
 * Fails by:  never
 * Never:     a row for one role; that stands in the role's own table */
#include "base.h"
#include "sandbox_rows.h"

#include <unistd.h>

size_t sd_rows_own(struct sd_sys_rule *out, const struct sd_sys_rule *rows, size_t n)
{
	memcpy(out, rows, n * sizeof(*rows));
	out[n] = (struct sd_sys_rule){
	    .nr = SCMP_SYS(tgkill),
	    .argc = 1,
	    .args = {SCMP_CMP(0, SCMP_CMP_EQ, (uint64_t)getpid())},
	    .reason = "abort(), on itself only",
	};
	return n + 1;
}
