/* SPDX-License-Identifier: MIT
 * master - the context of the one master process. Each part's struct stands in its own header. */
#ifndef SD_MASTER_H
#define SD_MASTER_H

#include "audit_link.h"
#include "connector.h"
#include "control.h"
#include "countries.h"
#include "event_copy_master.h"
#include "fleet.h"
#include "issuer_keys.h"
#include "key_watch.h"
#include "managed_redis.h"
#include "nodes.h"
#include "notify.h"
#include "reload.h"
#include "segments.h"
#include "security_tell.h"
#include "sockets.h"
#include "state_dir.h"
#include "store_addr.h"
#include "subscriber.h"
#include "reclock.h"
#include "sweeper.h"
#include "tenant_gone.h"
#include "writeback.h"

enum master_phase { MASTER_STARTING = 0, MASTER_SERVING, MASTER_DRAINING };

struct master {
	struct sd_loop *loop;
	const char *config_file;
	bool own_users;
	enum master_phase phase;
	struct policy_config *config; /* in force */
	struct server_conf server;    /* as started: what only a restart changes */
	char node[CONF_NAME];
	uint32_t workers;
	int64_t started_ns;
	uint32_t nofile_max;          /* the hard limit all roles inherit */
	struct board board;           /* the master's own statistics, and the legacy of the dead */
	struct sd_sandbox_report sandbox;
	struct segments seg;
	struct sockets sockets;
	struct chan launcher;
	struct fleet fleet;
	struct managed_redis redis;
	struct store_addr store;
	struct subscriber subscriber;
	struct writeback writeback;
	struct sweeper sweeper;
	struct reclock reclock;
	struct key_watch key_watch;
	struct security_tell security_tell;
	struct tenant_gone tenant_gone;
	struct event_copy_master event_copy;
	struct nodes nodes;
	struct connector connector;
	struct reload reload;
	struct issuer_keys issuer_keys;
	struct countries countries;
	struct control control;
	struct notify notify;
	struct audit_link audit;
	struct sd_timer tick;
	int64_t last_tick_ns;
	uint32_t ticks;
	uint32_t drain_step;
	struct sd_timer drain_timer;
};

/* master_run.c: boots and serves; the exit code. m is zeroed and lives as long as the process. */
struct master_options {
	const char *config_file;
	bool own_users;
};
int master_run(struct master *m, const struct master_options *options);
/* Has everything come up? Says so, once. */
void master_check_serving(struct master *m);

/* master_tools.c: -t, -T, --users; the exit code. */
int master_tool_check(const char *file);
int master_tool_print(const char *file);
int master_tool_users(const char *file);

/* master_landlock.c: what the master may reach of the file tree once it has booted. */
struct master_paths {
	size_t count, texts;
	struct sd_landlock_path path[16 + CONF_MAX_LISTEN];
	char text[5 + CONF_MAX_LISTEN][CONF_PATH];
};
void master_paths_of(const struct server_conf *server, struct master_paths *out);

/* master_sandbox.c */
int master_sandbox_enter(const struct server_conf *server, bool own_users,
			 struct sd_sandbox_report *out, struct sd_diag *diag) SD_MUSTCHECK;

/* master_health.c: looks at everything and writes what changed. */
void master_health_update(struct master *m);

/* signals.c: what the launcher received. */
void signals_handle(struct master *m, int number);

/* drain.c: the ordered end. */
void drain_start(struct master *m);
void drain_child_ended(struct master *m);

#endif
