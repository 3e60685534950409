/* SPDX-License-Identifier: MIT
 * geo_sandbox - the table of system calls of the process that reads the operator's file of countries: it
 * opens nothing but what it was handed.
 * Owns:      the rows
 * Runs in:   geo, at the end of its boot
 * Fails by:  never; sd_sandbox_enter tells
 * Never:     socket, connect, execve, clone, a write to a file that has a name */
#include "base.h"
#include "geo_sandbox.h"

#include <fcntl.h>

#include "sandbox_rows.h"

static const struct sd_sys_rule rules[] = {
    SD_SYS_ALLOW(poll, "the channel"),
    SD_SYS_ALLOW(ppoll, "the same, as newer C libraries call it"),
    SD_ROWS_CHANNEL,
    SD_SYS_ALLOW(write, "the log"),
    SD_SYS_ALLOW(close, "what was handed over"),
    SD_SYS_ALLOW_BITS(openat, 2, O_CLOEXEC, "the file that was handed over, by its number; Landlock knows no other"),
    SD_SYS_ALLOW(fstat, "how long it is"),
    SD_SYS_ALLOW(newfstatat, "the same, as newer C libraries ask"),
    SD_SYS_ALLOW(memfd_create, "the table"),
    SD_SYS_ALLOW(ftruncate, "the table"),
    SD_SYS_ALLOW(fallocate, "the table"),
    SD_SYS_ALLOW_IF(fcntl, 1, F_ADD_SEALS, "the table, sealed before it is given away"),
    SD_ROWS_HEAP,
    {.nr = SCMP_SYS(mmap), .argc = 2,
     .args = {SD_ARG_NO_BITS_BUT(2, PROT_READ | PROT_WRITE), SD_ARG_IS(3, MAP_SHARED)},
     .reason = "the file, the table"},
    {.nr = SCMP_SYS(madvise), .argc = 1, .args = {SD_ARG_IS(2, MADV_DONTFORK)},
     .reason = "the table is no child's"},
    SD_ROWS_PROCESS,
    SD_SYS_REFUSE(prlimit64, EPERM, "libc asks for limits"),
};

SD_STATIC_ASSERT(SD_ARRAY_LEN(rules) < GEO_SANDBOX_ROWS, "room for the table and one row more");

void geo_sandbox_spec(const struct hm_boot *boot, struct geo_sandbox *out)
{
	size_t n = sd_rows_own(out->rules, rules, SD_ARRAY_LEN(rules));

	out->spec = (struct sd_sandbox_spec){
	    .role = "geo",
	    .rules = out->rules,
	    .rule_count = n,
	    .mode = (enum sd_sandbox_mode)boot->sandbox_mode,
	    .require = boot->sandbox_require,
	    .nofile = boot->nofile,
	    .may_write_files = true, /* RLIMIT_FSIZE would forbid the table as well */
	    .landlock = true,
	    .mdwe = true,
	};
}
