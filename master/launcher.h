/* SPDX-License-Identifier: MIT
 * launcher - the first process: starts the programs of the roles with their users, forwards
 * signals, reaps. It parses nothing but its own options and opens no network. */
#ifndef SD_LAUNCHER_H
#define SD_LAUNCHER_H

#include <signal.h>
#include <sys/types.h>

#include "chan.h"
#include "ident.h"
#include "launcher_users.h"
#include "sandbox.h"

#define LAUNCHER_CONFIG "/etc/sessiond/sessiond.yaml"
#define LAUNCHER_MAX_CHILDREN (HERITAGE_MAX_WORKERS + 32)
#define LAUNCHER_MAX_LISTEN 16
#define CONFIG_NAME_MAX 256

struct launcher_child {
	pid_t pid; /* 0 = free */
	uint32_t role, index;
};

enum launcher_phase {
	LAUNCHER_RUNNING = 0,
	LAUNCHER_STOPPING, /* the master was told to end */
	LAUNCHER_CLEARING, /* the master is gone: killing what is left, then a fresh master */
	LAUNCHER_LEAVING   /* killing what is left, then exit_code */
};

struct launcher {
	const char *config;               /* base name: the working directory is its folder */
	bool own_users;
	struct launcher_users users;      /* and how it is to be confined */
	struct sd_ident ident[ROLE_COUNT];
	int program[ROLE_COUNT];          /* O_PATH, -1 = not found */
	int null_fd;
	int listen_fd[LAUNCHER_MAX_LISTEN]; /* from the service manager */
	size_t listen_count;
	struct sd_loop *loop;
	struct sd_io signal_io;
	struct sd_timer timer;            /* next start of the master, or the end of patience */
	struct chan master;
	pid_t master_pid;
	pid_t self;
	uint32_t master_starts;
	bool has_served; /* some master has: the first start is over */
	int64_t master_since_ns;
	int64_t back_off_ms;
	uint32_t signals_waiting;         /* bit per signal that the master's channel had no room for */
	enum launcher_phase phase;
	int exit_code;
	struct launcher_child child[LAUNCHER_MAX_CHILDREN];
};

/* launcher_sandbox.c */
#define LAUNCHER_SANDBOX_ROWS 256
struct launcher_sandbox {
	struct sd_sandbox_spec spec;
	struct sd_sys_rule rules[LAUNCHER_SANDBOX_ROWS];
};
/* Rows for calls that are younger than our tables: answered with ENOSYS. How many. */
size_t launcher_young_rows(struct sd_sys_rule *out);
/* no_new_privs and the table, after it was proven in a copy; all children have it, too. */
int launcher_sandbox_enter(const struct launcher_users *users, struct sd_diag *diag) SD_MUSTCHECK;

/* launcher_redis.c. Is what is required of redis-server's sandbox to be had here? */
int launcher_redis_judge(const struct launcher *l, struct sd_diag *diag) SD_MUSTCHECK;
/* In the child, as its user, before the exec. */
int launcher_redis_confine(const struct launcher *l, struct sd_diag *diag) SD_MUSTCHECK;

/* launcher_programs.c: opens all programs (and redis-server, which may be missing). */
int launcher_programs_open(struct launcher *l, struct sd_diag *diag) SD_MUSTCHECK;

/* launcher_users.c. Do we have the capability to change users? */
bool launcher_may_change_users(void);
/* Asks `sessiond-master --users` into l->users; with own users resolves the names into l->ident. An
 * exit code: 0, or SD_EXIT_CONFIG / SD_EXIT_OSERR after having said why. */
int launcher_users_resolve(struct launcher *l) SD_MUSTCHECK;
/* Gives up every capability but those that change users and signal them, and the bounding set. */
int launcher_caps_trim(struct sd_diag *diag) SD_MUSTCHECK;

/* launcher_exec.c */
struct launcher_start {
	enum role role;
	uint32_t index;
	int stdin_fd;   /* -1 = /dev/null */
	int stdout_fd;  /* -1 = /dev/null */
	int channel_fd; /* -1 = none */
	char *const *argv;
	bool keep_user; /* --users: before there are any */
	bool pass_listen;
	uint32_t cpu_s; /* RLIMIT_CPU, 0 = none */
};
/* Forks and executes; the pid, or -errno. */
pid_t launcher_start(struct launcher *l, const struct launcher_start *s);
/* execve of l->program[role] with argv in this process; returns -errno. */
int launcher_exec(const struct launcher *l, enum role role, char *const *argv, char *const *envp);

/* launcher_serve.c: until the service has ended; the exit code. */
int launcher_serve(struct launcher *l);
/* launcher_master.c: the master's life, and what it asks for. */
void launcher_master_start(struct launcher *l);
void launcher_master_ended(struct launcher *l, int status);
void launcher_signal_forward(struct launcher *l, int number);
void launcher_ended_report(struct launcher *l, const struct launcher_child *c, int status);
/* SIGKILL to all; what follows happens when the last one is reaped. */
void launcher_clear(struct launcher *l, enum launcher_phase phase, int exit_code);
void launcher_cleared(struct launcher *l);
bool launcher_has_children(const struct launcher *l);

#endif
