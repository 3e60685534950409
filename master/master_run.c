/* SPDX-License-Identifier: MIT
 * master_run - the master's boot, in the one order that holds, and its clockwork.
 * Owns:      the order
 * Runs in:   master
 * Fails by:  exit 78 (configuration) or 71 (the system), each with its reason
 * Never:     talks to the network before its filter is in force */
#include "base.h"
#include "master.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "die.h"
#include "err.h"
#include "log.h"

#define TICK_NS (250 * SD_NS_PER_MS)
#define TICKS_PER_S 4

static void must(int err, const struct sd_diag *diag, int code)
{
	if (err != SD_OK)
		sd_fatal(code, "%s", diag->text[0] != '\0' ? diag->text : sd_err_text(err));
}

static void load_config(struct master *m)
{
	struct conf_findings found = {0};
	int err = policy_config_load(m->config_file, sd_clock_wall_ms() / 1000, &m->config, &found);

	for (size_t i = 0; i < found.count && i < CONF_MAX_FINDINGS; i++)
		sd_log(SD_LOG_ERROR, "configuration", SD_FS("text", found.f[i].text));
	if (err != SD_OK)
		sd_fatal(SD_EXIT_CONFIG, "%s: %zu faults in the configuration", m->config_file,
			 found.count);
	conf_findings_free(&found);
	m->server = m->config->server;
	sd_log_level_set((enum sd_log_level)m->server.log_level, (enum sd_log_format)m->server.log_format);
}

static void decide_workers(struct master *m)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	m->workers = m->server.workers != 0 ? m->server.workers : (uint32_t)SD_MAX(cpus, 1L);
	m->workers = SD_MIN(m->workers, (uint32_t)HERITAGE_MAX_WORKERS);
}

static void open_state(struct master *m)
{
	struct sd_diag diag = {{0}};

	must(state_dir_open(m->server.state_dir, &diag), &diag, SD_EXIT_OSERR);
	if (m->server.node[0] != '\0')
		(void)snprintf(m->node, sizeof(m->node), "%s", m->server.node);
	else
		must(state_dir_node(m->server.state_dir, m->node, sizeof(m->node), &diag), &diag,
		     SD_EXIT_OSERR);
}

static void first_policy(struct master *m)
{
	struct segments_policy_in in = {.config = m->config, .node = m->node, .workers = m->workers,
					.now_s = sd_clock_wall_ms() / 1000,
					.jwks_of = issuer_keys_of, .jwks_arg = m};
	struct sd_diag diag = {{0}};
	bool same;

	must(segments_policy_make(&m->seg, &in, &m->seg.policy, &same, &diag), &diag, SD_EXIT_CONFIG);
	atomic_store(&m->seg.control->generation, policy_view_generation(&m->seg.policy.view));
	board_gauge(m->board.p, GAUGE_GENERATION, policy_view_generation(&m->seg.policy.view));
}

static void open_store(struct master *m)
{
	struct sd_diag diag = {{0}};

	if (m->server.store_mode == STORE_MODE_MANAGED)
		must(managed_redis_init(&m->redis, &m->server, &diag), &diag, SD_EXIT_CONFIG);
	must(store_addr_load(&m->store, &m->server, &m->redis, &diag), &diag, SD_EXIT_CONFIG);
	must(connector_open(m), &diag, SD_EXIT_OSERR);
	must(writeback_open(m), &diag, SD_EXIT_OSERR);
	must(sweeper_open(m), &diag, SD_EXIT_OSERR);
	must(reclock_open(m), &diag, SD_EXIT_OSERR);
	must(security_tell_open(m), &diag, SD_EXIT_OSERR);
}

static void note_limits(struct master *m)
{
	struct rlimit have;

	if (getrlimit(RLIMIT_NOFILE, &have) != 0)
		sd_fatal(SD_EXIT_OSERR, "getrlimit: %s", strerror(errno));
	m->nofile_max = (uint32_t)SD_MIN(have.rlim_max, (rlim_t)UINT32_MAX);
	if (m->nofile_max < m->server.connections + NOFILE_SPARE)
		sd_log(SD_LOG_WARN, "few-descriptors", SD_FI("limit", m->nofile_max),
		       SD_FI("connections", m->server.connections),
		       SD_FS("text", "workers accept fewer connections than configured: raise "
				     "RLIMIT_NOFILE (LimitNOFILE=)"));
}

/* Everything that needs a path, a name or a socket once. */
static void before_lock(struct master *m)
{
	struct sd_diag diag = {{0}};

	load_config(m);
	note_limits(m);
	decide_workers(m);
	open_state(m);
	must(boards_open(&m->board, ROLE_MASTER, 0, &diag), &diag, SD_EXIT_OSERR);
	sd_panic_area(m->board.p->panic, sizeof(m->board.p->panic));
	must(segments_open(&m->seg, &m->server, &diag), &diag, SD_EXIT_OSERR);
	issuer_keys_config(m);
	countries_open(m);
	countries_config(m);
	first_policy(m);
	open_store(m);
	must(sd_loop_new(&m->loop), &diag, SD_EXIT_OSERR);
	must(sockets_open(&m->sockets, &m->server, &diag), &diag, SD_EXIT_OSERR);
	must(control_open(m, &diag), &diag, SD_EXIT_OSERR);
	notify_open(&m->notify);
	must(spawn_open(m), &diag, SD_EXIT_OSERR);
}

static void second(struct master *m)
{
	subscriber_tick(m);
	writeback_tick(m);
	issuer_keys_tick(m);
	security_tell_tick(m);
	tenant_gone_tick(m);
	countries_tick(m);
	/* After a pause of our own (suspend, SIGSTOP) everybody's beat looks late: one turn of grace. */
	if (sd_clock_boot_ns() - m->last_tick_ns < 2 * SD_NS_PER_S)
		fleet_watch(m);
	if (m->server.sandbox != SD_SANDBOX_ENFORCE && m->ticks % (60 * TICKS_PER_S) == 0)
		sd_log(SD_LOG_WARN, "sandbox-off", SD_FS("text", "the sandbox is off or only logs, by configuration"));
}

static void on_tick(struct sd_timer *t)
{
	struct master *m = SD_CONTAINER_OF(t, struct master, tick);
	int64_t now = sd_clock_boot_ns();

	if (m->phase != MASTER_DRAINING) {
		if (m->ticks % TICKS_PER_S == 0)
			second(m);
		master_health_update(m);
	}
	board_beat(m->board.p, now);
	notify_tick(&m->notify, now);
	m->last_tick_ns = now;
	m->ticks++;
	if (sd_timer_at(m->loop, t, now + TICK_NS, on_tick) != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "out of memory");
}

void master_check_serving(struct master *m)
{
	char all[2048];

	if (m->phase != MASTER_STARTING || m->fleet.stage != FLEET_COMPLETE ||
	    m->subscriber.proven_ns == 0 || !connector_all_given(m))
		return;
	m->phase = MASTER_SERVING;
	board_state(m->board.p, BOARD_SERVING);
	master_health_update(m);
	sockets_text(&m->sockets, all, sizeof(all));
	(void)printf("ready: listening on %s\n", all);
	(void)fflush(stdout);
	notify_send(&m->notify, "READY=1");
	if (chan_send(&m->launcher, HM_SERVING, 0, NULL, 0, -1) != SD_OK)
		sd_fatal(SD_EXIT_OSERR, "the launcher cannot be told anything");
	sd_log(SD_LOG_INFO, "serving", SD_FS("listening", all), SD_FS("node", m->node),
	       SD_FI("workers", m->workers), SD_FS("users", m->own_users ? "own" : "shared"),
	       SD_FI("ms", (sd_clock_boot_ns() - m->started_ns) / SD_NS_PER_MS));
	nodes_log_bounds(m);
}

int master_run(struct master *m, const struct master_options *options)
{
	struct sd_diag diag = {{0}};

	(void)signal(SIGPIPE, SIG_IGN);
	m->config_file = options->config_file;
	m->own_users = options->own_users;
	m->started_ns = m->last_tick_ns = sd_clock_boot_ns();
	before_lock(m);
	must(master_sandbox_enter(&m->server, m->own_users, &m->sandbox, &diag), &diag, SD_EXIT_OSERR);
	must(store_addr_resolve(&m->store, &diag), &diag, SD_EXIT_OSERR);
	must(key_watch_open(m), &diag, SD_EXIT_OSERR);
	reload_open(m);
	fleet_start(m);
	must(subscriber_open(m), &diag, SD_EXIT_OSERR);
	sweeper_start(m);
	reclock_start(m);
	on_tick(&m->tick);
	must(sd_loop_run(m->loop), &diag, SD_EXIT_OSERR);
	return 0;
}
