/* SPDX-License-Identifier: MIT
 * ctl_doctor - `sessionctl doctor`: is the running system locked in as "enforce" promises.
 * Owns:      the list of checks
 * Runs in:   sessionctl
 * Fails by:  exit code 1 when one check is worse than enforce demands
 * Never:     believe a process about itself where the kernel can be asked */
#include "base.h"
#include "ctl.h"

#include <json-c/json.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "ctl_client_socket.h"
#include "ctl_config.h"
#include "ctl_doctor_proc.h"
#include "ctl_doctor_seals.h"
#include "json_in.h"
#include "policy_tenant_conf.h"

#define KEY_OLD_S (90 * 86400LL)
#define LANDLOCK_ASK_VERSION 1u

struct report {
	bool json;
	unsigned said, failed;
};

enum grade { GRADE_FAIL = 0, GRADE_WARN, GRADE_OK };

static void say(struct report *r, enum grade grade, const char *what, const char *detail)
{
	static const char *const names[] = {[GRADE_FAIL] = "FAIL", [GRADE_WARN] = "warn", [GRADE_OK] = "ok"};

	r->failed += grade == GRADE_FAIL;
	if (!r->json) {
		printf("%-4s  %-22s  %s\n", names[grade], what, detail);
	} else {
		struct sd_buf b;

		sd_buf_init(&b, 8192);
		sd_buf_str(&b, r->said > 0 ? ",\n{\"grade\":" : "[{\"grade\":");
		sd_buf_json_str(&b, sd_slice_str(grade == GRADE_FAIL ? "fail" : names[grade]));
		sd_buf_str(&b, ",\"check\":");
		sd_buf_json_str(&b, sd_slice_str(what));
		sd_buf_str(&b, ",\"detail\":");
		sd_buf_json_str(&b, sd_slice_str(detail));
		sd_buf_char(&b, '}');
		(void)fwrite(b.p, 1, b.len, stdout);
		sd_buf_fini(&b);
	}
	r->said++;
}

/* --- processes --- */

static const char *text_of(struct json_object *o, const char *name)
{
	struct json_object *v = NULL;

	return json_object_object_get_ex(o, name, &v) && v != NULL ? json_object_get_string(v) : "";
}

static int64_t number_of(struct json_object *o, const char *name)
{
	struct json_object *v = NULL;

	return json_object_object_get_ex(o, name, &v) ? json_object_get_int64(v) : 0;
}

/* ", Landlock 7, MDWE": what the process itself told its master. */
static void add_wanted(struct json_object *process, char *detail, size_t size)
{
	struct json_object *s = NULL;
	size_t n = strlen(detail);

	if (process == NULL || !json_object_object_get_ex(process, "sandbox", &s))
		return;
	if (number_of(s, "landlock_abi") > 0)
		n += (size_t)snprintf(detail + n, size - n, ", Landlock %lld",
				      (long long)number_of(s, "landlock_abi"));
	if (strcmp(text_of(s, "mdwe"), "true") == 0 && n < size)
		(void)snprintf(detail + n, size - n, ", MDWE");
}

/* What the kernel says of a process. -> its parent, 0 when nothing is told */
static int check_process(struct report *r, enum ctl_doctor_kind kind, const char *name, int pid,
			 struct json_object *process)
{
	struct ctl_doctor_proc p;
	char detail[256];
	bool good;

	if (ctl_doctor_proc_read(pid, &p) != 0) {
		say(r, GRADE_WARN, name, "/proc tells nothing about it (another user's; run as root)");
		return 0;
	}
	good = ctl_doctor_proc_judge(&p, kind, detail, sizeof(detail));
	if (good)
		add_wanted(process, detail, sizeof(detail));
	say(r, good ? GRADE_OK : GRADE_FAIL, name, detail);
	return p.parent;
}

static void check_sandbox(struct report *r, const char *name, struct json_object *process)
{
	struct json_object *s = NULL;
	const char *mode;

	if (!json_object_object_get_ex(process, "sandbox", &s))
		return;
	mode = text_of(s, "mode");
	if (strcmp(mode, "enforce") != 0)
		say(r, GRADE_FAIL, name, "its sandbox does not enforce");
	if (number_of(s, "landlock_abi") == 0)
		say(r, GRADE_WARN, name, "no Landlock");
	if (strcmp(text_of(s, "mdwe"), "true") != 0)
		say(r, GRADE_WARN, name, "no MDWE: memory may become executable but for the filter");
	if (strcmp(text_of(s, "own_user"), "true") != 0)
		say(r, GRADE_WARN, name, "shares its user with other roles");
}

static void check_children(struct report *r, struct json_object *status)
{
	struct json_object *list = NULL;

	if (!json_object_object_get_ex(status, "children", &list) ||
	    !json_object_is_type(list, json_type_array)) {
		say(r, GRADE_FAIL, "children", "the status names none");
		return;
	}
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *c = json_object_array_get_idx(list, i);
		const char *role = text_of(c, "role");
		char name[64];

		(void)snprintf(name, sizeof(name), "%s-%lld", role, (long long)number_of(c, "index"));
		if (number_of(c, "pid") <= 0) {
			say(r, GRADE_FAIL, name, text_of(c, "state"));
			continue;
		}
		(void)check_process(r, strcmp(role, "redis") == 0 ? CTL_DOCTOR_STORE : CTL_DOCTOR_ROLE, name,
				    (int)number_of(c, "pid"), c);
		check_sandbox(r, name, c);
	}
}

static void check_running(const struct ctl *ctl, struct report *r, struct json_object *status)
{
	bool own = strcmp(text_of(status, "users"), "own") == 0, sealed;
	int master = (int)number_of(status, "pid"), launcher;
	char detail[256];

	launcher = check_process(r, CTL_DOCTOR_ROLE, "master", master, status);
	check_sandbox(r, "master", status);
	if (launcher > 0)
		(void)check_process(r, CTL_DOCTOR_LAUNCHER, "launcher", launcher, NULL);
	check_children(r, status);
	say(r, own ? GRADE_OK : GRADE_WARN, "users",
	    own ? "the roles have users of their own"
		: "all roles share one user (started without CAP_SETUID, CAP_SETGID)");
	sealed = ctl_doctor_seals(ctl, detail, sizeof(detail));
	say(r, sealed ? GRADE_OK : GRADE_FAIL, "memory", detail);
}

/* --- kernel, files, keys --- */

static void check_kernel(struct report *r)
{
	long abi = syscall(444 /* landlock_create_ruleset */, NULL, (size_t)0, LANDLOCK_ASK_VERSION);
	char detail[64];

	(void)snprintf(detail, sizeof(detail), abi > 0 ? "ABI %ld" : "not in this kernel", abi);
	say(r, abi > 0 ? GRADE_OK : GRADE_WARN, "kernel: Landlock", detail);
}

static void check_tenant_keys(struct report *r, const struct tenant_conf *t, int64_t now_s)
{
	const struct conf_key *signs = NULL;
	char name[96], detail[128];

	for (size_t i = 0; i < t->key_count; i++) {
		const struct conf_key *k = &t->keys[i];

		if (now_s >= k->activate_s && now_s < k->retire_s &&
		    (signs == NULL || k->activate_s > signs->activate_s))
			signs = k;
	}
	(void)snprintf(name, sizeof(name), "keys of %s", t->name);
	if (signs == NULL) {
		say(r, GRADE_FAIL, name, "none signs now");
		return;
	}
	(void)snprintf(detail, sizeof(detail), "%.*s signs for %lld days", (int)SD_MIN(signs->kid.n, (size_t)43),
		       signs->kid.p, (long long)((now_s - signs->activate_s) / 86400));
	say(r, now_s - signs->activate_s > KEY_OLD_S ? GRADE_WARN : GRADE_OK, name, detail);
}

static void check_files(const struct ctl *ctl, struct report *r)
{
	struct ctl_config c;

	if (ctl->socket != NULL && access(ctl->config, R_OK) != 0) {
		say(r, GRADE_WARN, "configuration", "not looked at (only -s was given)");
		return;
	}
	if (ctl_config_load(ctl, CTL_CONFIG_ALL, &c) != CTL_DONE) {
		say(r, GRADE_FAIL, "configuration", "a reload would refuse it");
		return;
	}
	say(r, GRADE_OK, "configuration", "as it stands a reload would take it");
	say(r, c.config->server.sandbox == 0 ? GRADE_OK : GRADE_FAIL, "sandbox",
	    c.config->server.sandbox == 0 ? "enforce" : "not enforce, by configuration");
	for (size_t i = 0; i < c.config->tenant_count; i++)
		check_tenant_keys(r, c.config->tenants[i], sd_clock_wall_ms() / 1000);
	ctl_config_fini(&c);
}

int ctl_doctor(const struct ctl *ctl, int argc, char **argv)
{
	struct report r = {.json = ctl->json};
	struct json_object *status = NULL;
	struct sd_buf text;
	int code;

	(void)argv;
	if (argc != 0) {
		fprintf(stderr, "usage: sessionctl doctor\n");
		return CTL_USAGE;
	}
	code = ctl_client_socket_text(ctl, CTL_STATUS, &text);
	if (code == CTL_DONE && json_tree(sd_buf_slice(&text), &status, NULL) != 0) {
		fprintf(stderr, "sessionctl: the status is no JSON\n");
		code = CTL_FAILED;
	}
	sd_buf_fini(&text);
	if (code != CTL_DONE)
		return code;
	check_running(ctl, &r, status);
	check_kernel(&r);
	check_files(ctl, &r);
	json_object_put(status);
	if (ctl->json)
		puts("]");
	return r.failed > 0 ? CTL_FAILED : CTL_DONE;
}
