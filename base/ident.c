/* SPDX-License-Identifier: MIT
 * ident - becomes another user for good, and proves it.
 * Owns:      the ids and capabilities of this process
 * Runs in:   launcher's children and every role, before the sandbox
 * Fails by:  returning SD_ERR_INVALID, SD_ERR_NOT_FOUND, SD_ERR_SYSTEM, SD_ERR_DENIED; after a
 *            failure the process is between two users and has to end
 * Never:     seteuid: what can be taken back was not given up */
#include "base.h"
#include "ident.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "err.h"
#include "slice.h"

int sd_ident_lookup(const char *name, struct sd_ident *out, struct sd_diag *diag)
{
	char mem[4096];
	struct passwd pw, *found = NULL;
	uint64_t number;
	int err;

	*out = (struct sd_ident){0};
	if (sd_slice_u64(sd_slice_str(name), &number) == SD_OK) {
		/* the highest value means "leave as it is" to the kernel */
		if (number == 0 || number >= UINT32_MAX)
			return sd_diag_set(diag, SD_ERR_INVALID, "user %s: not a user to run as", name);
		out->uid = (uid_t)number;
		out->gid = (gid_t)number;
		return SD_OK;
	}
	err = getpwnam_r(name, &pw, mem, sizeof(mem), &found);
	if (found == NULL)
		return sd_diag_set(diag, SD_ERR_NOT_FOUND, "user %s: %s", name,
				   err != 0 ? strerror(err) : "no such user");
	if (pw.pw_uid == 0)
		return sd_diag_set(diag, SD_ERR_INVALID, "user %s: is root", name);
	out->uid = pw.pw_uid;
	out->gid = pw.pw_gid;
	return SD_OK;
}

/* --- capabilities --- */

static int caps_bounding_drop(struct sd_diag *diag)
{
	for (unsigned long cap = 0; cap < 64; cap++) {
		int have = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (have < 0)
			return SD_OK; /* past the last capability of this kernel */
		if (have == 1 && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno != EPERM)
			return sd_diag_set(diag, SD_ERR_SYSTEM, "bounding set, capability %lu: %s", cap,
					   strerror(errno));
	}
	return SD_OK;
}

static int caps_clear(struct sd_diag *diag)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, data) != 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "capset: %s", strerror(errno));
	if (syscall(SYS_capget, &head, data) != 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "capget: %s", strerror(errno));
	for (size_t i = 0; i < SD_ARRAY_LEN(data); i++)
		if ((data[i].effective | data[i].permitted | data[i].inheritable) != 0)
			return sd_diag_set(diag, SD_ERR_DENIED, "capabilities are still there");
	return SD_OK;
}

int sd_caps_drop(struct sd_diag *diag)
{
	int err = caps_bounding_drop(diag);

	return err != SD_OK ? err : caps_clear(diag);
}

/* --- ids --- */

static bool ids_are(const struct sd_ident *id)
{
	uid_t ru, eu, su;
	gid_t rg, eg, sg;

	return getresuid(&ru, &eu, &su) == 0 && getresgid(&rg, &eg, &sg) == 0 && ru == id->uid &&
	       eu == id->uid && su == id->uid && rg == id->gid && eg == id->gid && sg == id->gid;
}

static int prove(const struct sd_ident *id, struct sd_diag *diag)
{
	if (!ids_are(id))
		return sd_diag_set(diag, SD_ERR_DENIED, "uid %u: the ids did not change", id->uid);
	if (setuid(0) == 0 || setgid(0) == 0 || setgroups(0, NULL) == 0)
		return sd_diag_set(diag, SD_ERR_DENIED, "uid %u: the way back is open", id->uid);
	return SD_OK;
}

int sd_ident_become(const struct sd_ident *id, struct sd_diag *diag)
{
	bool already = ids_are(id);
	int err;

	if (id->uid == 0)
		return sd_diag_set(diag, SD_ERR_INVALID, "root is not a user to become");
	/* First the bounding set, which needs a capability that goes with the uid. */
	err = caps_bounding_drop(diag);
	if (err != SD_OK)
		return err;
	if (setgroups(0, NULL) != 0 && !already)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "setgroups: %s", strerror(errno));
	if (setresgid(id->gid, id->gid, id->gid) != 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "setresgid %u: %s", id->gid, strerror(errno));
	if (setresuid(id->uid, id->uid, id->uid) != 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "setresuid %u: %s", id->uid, strerror(errno));
	/* From root the kernel has cleared them; from a user with CAP_SETUID only this does. */
	err = caps_clear(diag);
	return err != SD_OK ? err : prove(id, diag);
}
