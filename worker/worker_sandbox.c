/* SPDX-License-Identifier: MIT
 * worker_sandbox - the worker's table of system calls.
 * Owns:      the rows
 * Runs in:   worker, at the end of its boot
 * Fails by:  never; sd_sandbox_enter tells
 * Never:     open, connect, execute, map anything executable; a row without its reason
 */
#include "base.h"
#include "worker_sandbox.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "sandbox_rows.h"

static const struct sd_sys_rule rules[] = {
    SD_ROWS_LOOP,
    {.nr = SCMP_SYS(accept4), .argc = 1, .args = {SD_ARG_IS(3, SOCK_NONBLOCK | SOCK_CLOEXEC)},
     .reason = "connections, always non-blocking and close-on-exec"},
    {.nr = SCMP_SYS(recvfrom), .argc = 1, .args = {SCMP_CMP(4, SCMP_CMP_EQ, 0)},
     .reason = "requests, replies of the store, signer and auditor"},
    {.nr = SCMP_SYS(sendto), .argc = 1, .args = {SCMP_CMP(4, SCMP_CMP_EQ, 0)},
     .reason = "answers, commands; never to an address of its own choice"},
    SD_ROWS_CHANNEL,
    SD_SYS_ALLOW(read, "hiredis' descriptor, where a read takes the place of recv"),
    SD_SYS_ALLOW(write, "the log; the store's commands"),
    SD_SYS_ALLOW(close, "connections end"),
    {.nr = SCMP_SYS(shutdown), .argc = 1, .args = {SD_ARG_IS(1, SHUT_WR)},
     .reason = "the last answer arrives before the end"},
    {.nr = SCMP_SYS(setsockopt), .argc = 2,
     .args = {SD_ARG_IS(1, IPPROTO_TCP), SD_ARG_IS(2, TCP_NODELAY)},
     .reason = "small answers leave at once"},
    {.nr = SCMP_SYS(lseek), .argc = 1, .args = {SD_ARG_IS(2, SEEK_END)},
     .reason = "the size of a handed-over text"},
    SD_ROWS_HEAP,
    {.nr = SCMP_SYS(mmap), .argc = 2, .args = {SD_ARG_IS(2, PROT_READ), SD_ARG_IS(3, MAP_SHARED)},
     .reason = "new segments arrive while locked in: read-only"},
    {.nr = SCMP_SYS(madvise), .argc = 1, .args = {SD_ARG_IS(2, MADV_DONTDUMP)},
     .reason = "tenant keys of a new generation"},
    SD_SYS_ALLOW(mlock, "tenant keys of a new generation stay out of swap"),
    SD_SYS_ALLOW(getrandom, "session ids, tokens, nonces; OpenSSL reseeds"),
    SD_ROWS_PROCESS,
    SD_ROWS_LAZY,
};

SD_STATIC_ASSERT(SD_ARRAY_LEN(rules) < WORKER_SANDBOX_ROWS, "room for the table and one row more");

void worker_sandbox_spec(const struct hm_boot *boot, struct worker_sandbox *out)
{
	size_t n = sd_rows_own(out->rules, rules, SD_ARRAY_LEN(rules));

	out->spec = (struct sd_sandbox_spec){
	    .role = "worker",
	    .rules = out->rules,
	    .rule_count = n,
	    .mode = (enum sd_sandbox_mode)boot->sandbox_mode,
	    .require = boot->sandbox_require,
	    .nofile = boot->nofile,
	    .landlock = true,
	    .mdwe = true,
	};
}
