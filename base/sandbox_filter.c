/* SPDX-License-Identifier: MIT
 * sandbox_filter - compiles a role's rows to a seccomp program.
 * Owns:      the libseccomp context while it compiles
 * Runs in:   every role, before its sandbox
 * Fails by:  returning SD_ERR_INVALID, SD_ERR_SYSTEM, SD_ERR_TOO_BIG
 * Never:     skip a row that does not compile; a filter with a hole in its table is not the table */
#include "base.h"
#include "sandbox_filter.h"

#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "err.h"

#define ERRNO_MAX 4095 /* the largest the kernel hands out */

void sd_filter_call_name(int nr, char out[32])
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);

	if (name != NULL)
		(void)snprintf(out, 32, "%s", name);
	else
		(void)snprintf(out, 32, "call %d", nr);
	free(name);
}

static int row_error(const struct sd_sandbox_spec *spec, size_t row, struct sd_diag *diag,
		     const char *what)
{
	char name[32];

	sd_filter_call_name(spec->rules[row].nr, name);
	return sd_diag_set(diag, SD_ERR_INVALID, "sandbox of %s, row %zu (%s, for: %s): %s", spec->role,
			   row, name, spec->rules[row].reason != NULL ? spec->rules[row].reason : "?",
			   what);
}

/* An unconditional row beside one with conditions makes the conditions worthless, silently. */
static bool has_unchecked_twin(const struct sd_sandbox_spec *spec, size_t row)
{
	const struct sd_sys_rule *r = &spec->rules[row];

	for (size_t i = 0; i < spec->rule_count; i++)
		if (i != row && spec->rules[i].nr == r->nr && (spec->rules[i].argc == 0 || r->argc == 0))
			return true;
	return false;
}

static int check_row(const struct sd_sandbox_spec *spec, size_t row, struct sd_diag *diag)
{
	const struct sd_sys_rule *r = &spec->rules[row];

	if (r->reason == NULL || r->reason[0] == '\0')
		return row_error(spec, row, diag, "has no reason");
	if (r->nr == __NR_SCMP_ERROR)
		return row_error(spec, row, diag, "libseccomp does not know this call");
	if (r->argc > SD_ARRAY_LEN(r->args))
		return row_error(spec, row, diag, "has too many conditions");
	if (r->refuse > ERRNO_MAX)
		return row_error(spec, row, diag, "answers with what is no errno");
	if (has_unchecked_twin(spec, row))
		return row_error(spec, row, diag, "a row without conditions for the same call");
	return SD_OK;
}

static int add_rows(scmp_filter_ctx ctx, const struct sd_sandbox_spec *spec, struct sd_diag *diag)
{
	for (size_t i = 0; i < spec->rule_count; i++) {
		const struct sd_sys_rule *r = &spec->rules[i];
		uint32_t action = r->refuse != 0 ? SCMP_ACT_ERRNO(r->refuse) : SCMP_ACT_ALLOW;
		int err = check_row(spec, i, diag);

		if (err != SD_OK)
			return err;
		if (r->nr < 0)
			continue; /* a call this architecture does not have: nothing to allow */
		err = seccomp_rule_add_exact_array(ctx, action, r->nr, r->argc, r->args);
		if (err != 0)
			return row_error(spec, i, diag, strerror(-err));
	}
	return SD_OK;
}

static uint32_t count_allowed(const struct sd_sandbox_spec *spec)
{
	uint32_t count = 0;

	for (size_t i = 0; i < spec->rule_count; i++) {
		size_t j = 0;

		while (j < i && (spec->rules[j].nr != spec->rules[i].nr || spec->rules[j].refuse != 0))
			j++;
		if (j == i && spec->rules[i].refuse == 0)
			count++;
	}
	return count;
}

/* Out of libseccomp through a memfd: this version has no other way to hand over the program. */
static int export_program(scmp_filter_ctx ctx, struct sd_filter *out)
{
	int fd = (int)syscall(SYS_memfd_create, "seccomp", 1u /* MFD_CLOEXEC */);
	off_t size;
	int err = SD_ERR_SYSTEM;

	if (fd < 0)
		return SD_ERR_SYSTEM;
	if (seccomp_export_bpf(ctx, fd) != 0)
		goto out;
	size = lseek(fd, 0, SEEK_CUR);
	if (size <= 0 || (size_t)size > sizeof(out->code)) {
		err = SD_ERR_TOO_BIG;
		goto out;
	}
	if (pread(fd, out->code, (size_t)size, 0) != size)
		goto out;
	out->n = (size_t)size / sizeof(out->code[0]);
	err = SD_OK;
out:
	(void)close(fd);
	return err;
}

/* The context knows the native architecture alone: i386 calls, and numbers with the x32 bit, end
 * at the architecture check, which kills in every mode. */
static scmp_filter_ctx new_context(enum sd_sandbox_mode mode)
{
	scmp_filter_ctx ctx =
	    seccomp_init(mode == SD_SANDBOX_LOG ? SCMP_ACT_LOG : SCMP_ACT_KILL_PROCESS);

	if (ctx == NULL)
		return NULL;
	if (seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
	    seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0)
		return ctx;
	seccomp_release(ctx);
	return NULL;
}

static int compile_once(const struct sd_sandbox_spec *spec, struct sd_filter *out, struct sd_diag *diag)
{
	scmp_filter_ctx ctx = new_context(spec->mode);
	int err;

	out->n = 0;
	out->calls = 0;
	if (ctx == NULL)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "sandbox of %s: no seccomp here", spec->role);
	err = add_rows(ctx, spec, diag);
	if (err == SD_OK) {
		err = export_program(ctx, out);
		if (err != SD_OK)
			(void)sd_diag_set(diag, err, "sandbox of %s: the filter cannot be compiled: %s",
					  spec->role, sd_err_text(err));
	}
	seccomp_release(ctx);
	if (err == SD_OK)
		out->calls = count_allowed(spec);
	return err;
}

/* libseccomp of today leaves instructions out, and says nothing, where it runs out of memory: what it
 * made is taken when it makes the same again. */
int sd_filter_compile(const struct sd_sandbox_spec *spec, struct sd_filter *out, struct sd_diag *diag)
{
	struct sd_filter *again = malloc(sizeof(*again));
	int err = again == NULL ? SD_ERR_MEMORY : compile_once(spec, out, diag);

	if (err == SD_OK)
		err = compile_once(spec, again, diag);
	if (err == SD_OK &&
	    (again->n != out->n || memcmp(again->code, out->code, out->n * sizeof(out->code[0])) != 0))
		err = sd_diag_set(diag, SD_ERR_SYSTEM, "sandbox of %s: the filter cannot be compiled twice "
				  "the same: out of memory?", spec->role);
	free(again);
	if (err != SD_OK)
		out->n = 0;
	return err == SD_ERR_MEMORY ? sd_diag_set(diag, err, "sandbox of %s: out of memory", spec->role) : err;
}

int sd_filter_install(struct sd_filter *f, struct sd_diag *diag)
{
	struct sock_fprog program = {.len = (unsigned short)f->n, .filter = f->code};

	if (f->n == 0)
		return sd_diag_set(diag, SD_ERR_INVALID, "no filter was compiled");
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0u, &program) != 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "seccomp: %s", strerror(errno));
	return SD_OK;
}
