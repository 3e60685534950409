/* SPDX-License-Identifier: MIT
 * launcher_users - which user each role gets, which capabilities the launcher keeps.
 * Owns:      the role table's users
 * Runs in:   launcher (start, as root)
 * Fails by:  returning an exit code after one line that names the user and the remedy
 * Never:     reads the configuration itself: the short-lived `sessiond-master --users` does */
#include "base.h"
#include "launcher_users.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "die.h"
#include "err.h"
#include "launcher.h"
#include "log.h"

#define USERS_CPU_S 2
#define CAP_BIT(c) (1u << (c))
#define KEPT (CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID) | CAP_BIT(CAP_KILL))

static bool caps_get(struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3])
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capget, &head, data) == 0;
}

bool launcher_may_change_users(void)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
	uint32_t needed = CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SETGID);

	return caps_get(data) && (data[0].effective & needed) == needed;
}

int launcher_caps_trim(struct sd_diag *diag)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	/* The bounding set limits what an exec may gain, not what we hold: it goes completely. */
	for (unsigned long cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (!caps_get(data))
		return sd_diag_set(diag, SD_ERR_SYSTEM, "capget: %s", strerror(errno));
	data[0].effective &= KEPT;
	data[0].permitted &= KEPT;
	data[1].effective = data[1].permitted = 0;
	data[0].inheritable = data[1].inheritable = 0;
	if (syscall(SYS_capset, &head, data) != 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "capset: %s", strerror(errno));
	return SD_OK;
}

/* Runs the child to its end; its exit code, or SD_EXIT_OSERR. */
static int ask(struct launcher *l, struct launcher_users *out)
{
	char *argv[] = {(char[]){"sessiond-master"}, (char[]){"--users"}, (char[]){"-c"},
			(char[CONFIG_NAME_MAX]){0}, NULL};
	struct launcher_start s = {.role = ROLE_MASTER, .stdin_fd = -1, .channel_fd = -1,
				   .argv = argv, .keep_user = true, .cpu_s = USERS_CPU_S};
	size_t have = 0;
	int fds[2], status;
	pid_t pid;

	if (snprintf(argv[3], CONFIG_NAME_MAX, "%s", l->config) >= CONFIG_NAME_MAX ||
	    pipe2(fds, O_CLOEXEC) != 0)
		return SD_EXIT_OSERR;
	s.stdout_fd = fds[1];
	pid = launcher_start(l, &s);
	(void)close(fds[1]);
	while (pid > 0 && have < sizeof(*out)) {
		ssize_t n = read(fds[0], (char *)out + have, sizeof(*out) - have);

		if (n == 0 || (n < 0 && errno != EINTR))
			break;
		have += n > 0 ? (size_t)n : 0;
	}
	(void)close(fds[0]);
	if (pid <= 0 || waitpid(pid, &status, 0) != pid)
		return SD_EXIT_OSERR;
	if (!WIFEXITED(status))
		return SD_EXIT_OSERR;
	if (WEXITSTATUS(status) != 0)
		return WEXITSTATUS(status);
	out->redis_dir[sizeof(out->redis_dir) - 1] = '\0';
	out->fetcher[sizeof(out->fetcher) - 1] = '\0';
	return have == sizeof(*out) && out->magic == HERITAGE_MAGIC && out->sandbox <= SD_SANDBOX_OFF &&
		       out->version == HERITAGE_VERSION ? 0 : SD_EXIT_OSERR;
}

static int resolve(struct launcher *l, enum role role, const char *name, size_t size)
{
	struct sd_diag diag = {{0}};

	if (memchr(name, '\0', size) == NULL || name[0] == '\0')
		return SD_EXIT_CONFIG;
	if (sd_ident_lookup(name, &l->ident[role], &diag) == SD_OK)
		return 0;
	sd_log(SD_LOG_ERROR, "user-missing", SD_FS("process", role_name(role)), SD_FS("user", name),
	       SD_FS("text", diag.text),
	       SD_FS("remedy", "create it with: useradd --system --no-create-home --shell "
			       "/usr/sbin/nologin NAME, or give a decimal uid under users: in the "
			       "configuration"));
	return SD_EXIT_CONFIG;
}

int launcher_users_resolve(struct launcher *l)
{
	const struct launcher_users *users = &l->users;
	int code = ask(l, &l->users);

	if (code != 0) {
		if (code != SD_EXIT_CONFIG)
			sd_log(SD_LOG_ERROR, "users-unknown", SD_FI("exit", code),
			       SD_FS("text", "sessiond-master --users did not name the users"));
		return code;
	}
	if (!l->own_users)
		return 0;
	if (resolve(l, ROLE_MASTER, users->master, sizeof(users->master)) != 0 ||
	    resolve(l, ROLE_SIGNER, users->signer, sizeof(users->signer)) != 0 ||
	    resolve(l, ROLE_WORKER, users->worker, sizeof(users->worker)) != 0 ||
	    resolve(l, ROLE_AUDITOR, users->auditor, sizeof(users->auditor)) != 0)
		return SD_EXIT_CONFIG;
	l->ident[ROLE_FETCHER] = l->ident[ROLE_AUDITOR];
	if (users->fetcher[0] != '\0' &&
	    resolve(l, ROLE_FETCHER, users->fetcher, sizeof(users->fetcher)) != 0)
		return SD_EXIT_CONFIG;
	l->ident[ROLE_GEO] = l->ident[ROLE_WORKER];
	l->ident[ROLE_REDIS] = l->ident[ROLE_MASTER];
	return 0;
}
