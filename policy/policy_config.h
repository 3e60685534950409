/* SPDX-License-Identifier: MIT
 * policy_config - the typed form of sessiond.yaml and all tenant files, and every fault found in
 * them. Master and tools only. */
#ifndef SD_POLICY_CONFIG_H
#define SD_POLICY_CONFIG_H

#include "arena.h"
#include "diag.h"
#include "policy_view.h"
#include "slice.h"

#define CONF_PATH 400
#define CONF_NAME 72
#define CONF_MAX_LISTEN 8
#define CONF_MAX_PROXIES 64
#define CONF_MAX_FINDINGS 200
#define CONF_MAX_ROWS 64 /* keys of one file (policy.def) */

/* One fault (or note): "file:line:column: path.to.key: what (did you mean ...?)". */
struct conf_finding {
	char text[640];
};
struct conf_findings {
	size_t count;    /* faults; beyond CONF_MAX_FINDINGS only counted */
	struct conf_finding *f;
	size_t stored;   /* how many stand in f */
	size_t note_count; /* what is legal but worth a look; also after SD_OK */
	struct conf_finding *note;
};

struct policy_pos {
	uint32_t line, column; /* from 1; {0,0}: the value is the default */
};

struct conf_listen {
	uint32_t unused;
	struct policy_pos pos;
	char address[CONF_PATH]; /* "127.0.0.1:8440", "[::1]:8440", "unix:PATH", "systemd:NAME" */
	uint32_t role;           /* 1 api, 2 gateway, 3 admin (enum listener_role) */
};

enum conf_store_mode { STORE_MODE_MANAGED, STORE_MODE_REDIS, STORE_MODE_SENTINEL, STORE_MODE_CLUSTER };

struct server_conf {
	char file[CONF_PATH];       /* as given; the paths below are ready to open */
	size_t listen_count;
	struct conf_listen listen[CONF_MAX_LISTEN];
	uint32_t workers;           /* 0 = auto */
	char node[CONF_NAME];       /* "" = auto */
	char state_dir[CONF_PATH], tenants_dir[CONF_PATH], keys_dir[CONF_PATH];
	char master_key_file[CONF_PATH];
	size_t previous_key_count;
	char previous_key_files[3][CONF_PATH];
	char user_master[CONF_NAME], user_signer[CONF_NAME], user_worker[CONF_NAME], user_auditor[CONF_NAME], user_fetcher[CONF_NAME];
	enum conf_store_mode store_mode;
	char store_url[CONF_PATH];  /* mode redis: redis://host:port/db or unix:PATH */
	char store_username[CONF_NAME], store_password_file[CONF_PATH];
	char store_worker_username[CONF_NAME], store_worker_password_file[CONF_PATH];
	char store_prefix[32];
	uint32_t store_timeout_ms, store_connections, durability_replica, fsync_everysec;
	uint64_t mem_revocations, mem_remembered_ends;
	uint32_t mem_remembered_sessions, mem_remembered_tokens;
	uint32_t poll_interval_ms;
	char audit_file[CONF_PATH];
	char geo_file[CONF_PATH];
	bool audit_syslog, audit_chain;
	uint32_t log_format, log_level;
	size_t proxy_count;
	struct policy_cidr proxies[CONF_MAX_PROXIES];
	uint32_t connections, header_bytes, header_fields, body_bytes;
	uint32_t header_timeout_ms, body_timeout_ms, idle_timeout_ms;
	uint32_t sandbox;           /* enum sd_sandbox_mode */
	uint32_t sandbox_require;   /* SD_SANDBOX_* */
	uint32_t unused;
	struct policy_pos pos[CONF_MAX_ROWS]; /* where each value stands */
};

struct tenant_conf; /* policy_tenant_conf.h, inside policy/ */

struct policy_config {
	struct server_conf server;
	size_t tenant_count;
	struct tenant_conf **tenants; /* sorted by name */
	struct sd_arena arena;        /* all texts and lists of the tenants */
};

/* Reads FILE, the tenant files and the public sidecars of all keys; checks everything. Returns
 * SD_OK with a configuration, or SD_ERR_INVALID with every fault in *findings (config NULL).
 * now_s decides which keys must exist. Paths relative to the configuration's folder are opened
 * relative to the process's working directory when that is this folder (the launcher sees to
 * it), else to dirname(FILE). */
int policy_config_load(const char *file, int64_t now_s, struct policy_config **out,
		       struct conf_findings *findings) SD_MUSTCHECK;
/* The same without the keys, for `sessionctl keys new`, which makes the first one. */
int policy_config_load_keyless(const char *file, struct policy_config **out,
			       struct conf_findings *findings) SD_MUSTCHECK;
/* sessiond.yaml alone, no tenants: for tools that only look for the running daemon. */
int policy_config_load_server(const char *file, struct policy_config **out,
			      struct conf_findings *findings) SD_MUSTCHECK;
void policy_config_free(struct policy_config **config);
void conf_findings_free(struct conf_findings *findings);

/* sessiond -T: every effective value with its origin ("default" or file:line), secrets masked. */
int policy_config_print(const struct policy_config *config, FILE *out) SD_MUSTCHECK;
/* One tenant of it, as lines or as a JSON object; SD_ERR_NOT_FOUND. */
int policy_config_print_tenant(const struct policy_config *config, const char *name, bool json,
			       FILE *out) SD_MUSTCHECK;

/* Slot numbers that outlive a generation. Zero-initialise; the master keeps one. */
struct policy_slots;
int policy_slots_new(struct policy_slots **out) SD_MUSTCHECK;
void policy_slots_free(struct policy_slots **slots);
/* Slot of a tenant, client or key by name; SHM_SLOT_NONE when it never had one. (The log may name
 * tenants that are no longer configured.) */
uint32_t policy_slots_tenant(const struct policy_slots *s, struct sd_slice tenant);
uint32_t policy_slots_client(const struct policy_slots *s, struct sd_slice tenant, struct sd_slice client);
uint32_t policy_slots_key(const struct policy_slots *s, struct sd_slice tenant, struct sd_slice kid);

/* The image as malloc'd bytes (free()); the same configuration, now and slots give the same bytes.
 * Assigns new slots. *next_change_s: when a key's state changes next (INT64_MAX: never), so that
 * the master builds again then. node and workers as the master decided them. */
/* The public keys that have been fetched from a URL, as a JWKS; {NULL,0} when none are here. */
typedef struct sd_slice (*policy_jwks_of)(void *arg, const char *url);
struct policy_build_in {
	const struct policy_config *config;
	struct policy_slots *slots;
	int64_t now_s;
	uint64_t generation;
	const char *node;
	uint32_t workers;
	policy_jwks_of jwks_of; /* NULL: no URL is fetched */
	void *jwks_arg;
};
int policy_build(const struct policy_build_in *in, void **image_out, size_t *size_out,
		 int64_t *next_change_s, struct sd_diag *diag) SD_MUSTCHECK;

/* What differs between two images, one line each through fn (reload report). Rows of the schema
 * that need a restart are named as ignored by policy_config_ignored(). */
void policy_diff(const struct policy_view *old, const struct policy_view *new_view,
		 void (*fn)(const char *line, void *arg), void *arg);
/* Keys of sessiond.yaml that changed but take effect only at the next start. */
void policy_config_ignored(const struct server_conf *running, const struct server_conf *new_conf,
			   void (*fn)(const char *line, void *arg), void *arg);

#endif
