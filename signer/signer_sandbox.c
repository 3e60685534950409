/* SPDX-License-Identifier: MIT
 * signer_sandbox - the signer's table of system calls.
 * Owns:      the rows
 * Runs in:   signer, at the end of its boot
 * Fails by:  never; sd_sandbox_enter tells
 * Never:     open or map a file: keys are read before, new ones are a new signer's */
#include "base.h"
#include "signer_sandbox.h"

#include "sandbox_rows.h"

static const struct sd_sys_rule rules[] = {
    SD_ROWS_LOOP,
    SD_ROWS_CHANNEL,
    SD_SYS_ALLOW(write, "the log"),
    SD_SYS_ALLOW(close, "peers end"),
    SD_ROWS_HEAP,
    SD_SYS_ALLOW(getrandom, "token ids, ECDSA nonces, RSA blinding; OpenSSL reseeds"),
    SD_ROWS_PROCESS,
    SD_ROWS_LAZY,
};

SD_STATIC_ASSERT(SD_ARRAY_LEN(rules) < SIGNER_SANDBOX_ROWS, "room for the table and one row more");

void signer_sandbox_spec(const struct hm_boot *boot, struct signer_sandbox *out)
{
	size_t n = sd_rows_own(out->rules, rules, SD_ARRAY_LEN(rules));

	out->spec = (struct sd_sandbox_spec){
	    .role = "signer",
	    .rules = out->rules,
	    .rule_count = n,
	    .mode = (enum sd_sandbox_mode)boot->sandbox_mode,
	    .require = boot->sandbox_require,
	    .nofile = boot->nofile,
	    .landlock = true,
	    .mdwe = true,
	};
}
