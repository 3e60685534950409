/* SPDX-License-Identifier: MIT
 * auditor_sandbox - the auditor's table of system calls.
 * Owns:      the rows
 * Runs in:   auditor, at the end of its boot
 * Fails by:  never; sd_sandbox_enter tells
 * Never:     open: the file comes from the master as a descriptor, again after SIGUSR1 */
#include "base.h"
#include "auditor_sandbox.h"

#include "sandbox_rows.h"

static const struct sd_sys_rule rules[] = {
    SD_ROWS_LOOP,
    SD_ROWS_CHANNEL,
    SD_SYS_ALLOW(write, "the trail, the log"),
    SD_SYS_ALLOW(pread64, "the tail of a file handed over"),
    SD_SYS_ALLOW(lseek, "its size"),
    SD_SYS_ALLOW(ftruncate, "half a line is taken back"),
    SD_SYS_ALLOW(fdatasync, "the trail reaches the disk"),
    SD_SYS_ALLOW(close, "peers end, the file is rotated"),
    SD_ROWS_HEAP,
    SD_ROWS_PROCESS,
    SD_ROWS_LAZY,
};

SD_STATIC_ASSERT(SD_ARRAY_LEN(rules) < AUDITOR_SANDBOX_ROWS, "room for the table and one row more");

void auditor_sandbox_spec(const struct hm_boot *boot, struct auditor_sandbox *out)
{
	size_t n = sd_rows_own(out->rules, rules, SD_ARRAY_LEN(rules));

	out->spec = (struct sd_sandbox_spec){
	    .role = "auditor",
	    .rules = out->rules,
	    .rule_count = n,
	    .mode = (enum sd_sandbox_mode)boot->sandbox_mode,
	    .require = boot->sandbox_require,
	    .nofile = boot->nofile,
	    .may_write_files = true,
	    .landlock = true,
	    .mdwe = true,
	};
}
