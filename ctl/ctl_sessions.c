/* SPDX-License-Identifier: MIT
 * ctl_sessions - the sessions of a running node, by its API.
 * Owns:      nothing
 * Runs in:   sessionctl
 * Fails by:  exit codes; the API's own refusal on standard error
 * Never:     talk to the store, or do what the key's permissions do not allow
 */
#include "base.h"
#include "ctl_sessions.h"

#include <json-c/json.h>

#include "ctl_config.h"
#include "ctl_http.h"
#include "ctl_table.h"
#include "err.h"
#include "json_in.h"
#include "policy_tenant_conf.h"

#define WORDS_MAX 3
#define URL_MAX 320

enum option {
	O_KEY_FILE, O_URL, O_USER, O_DEVICE, O_CLIENT, O_IP, O_STATUS, O_LIMIT, O_CURSOR, O_COUNT
};
static const struct {
	const char *name;
	const char *filter; /* of the list; NULL: none */
} options[O_COUNT] = {
    [O_KEY_FILE] = {"--key-file", NULL},
    [O_URL] = {"--url", NULL},
    [O_USER] = {"--user", "user_id"},
    [O_DEVICE] = {"--device", "device_id"},
    [O_CLIENT] = {"--client", "client_id"},
    [O_IP] = {"--ip", "ip"},
    [O_STATUS] = {"--status", "status"},
    [O_LIMIT] = {"--limit", "limit"},
    [O_CURSOR] = {"--cursor", "cursor"},
};

struct asking {
	const struct ctl *ctl;
	const char *value[O_COUNT];
	bool all;
	int words;
	const char *word[WORDS_MAX]; /* the verb, the tenant, the id */
	char url[URL_MAX];
};

static int usage(void)
{
	fputs("usage: sessionctl sessions list TENANT [--user U] [--device D] [--client C] [--ip A]\n"
	      "                           [--status active|ended] [--limit N] [--cursor C | --all]\n"
	      "       sessionctl sessions show TENANT ID\n"
	      "       sessionctl sessions explain TENANT ID\n"
	      "       sessionctl sessions revoke TENANT (ID | --user U)\n"
	      "       sessionctl policy preview TENANT\n"
	      "each with --key-file FILE (an API key of the tenant, mode 0600), and --url URL where it is\n"
	      "not the first API listener of the configuration\n",
	      stderr);
	return CTL_USAGE;
}

static bool read_words(struct asking *a, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		int o = 0;

		if (strcmp(argv[i], "--all") == 0) {
			a->all = true;
			continue;
		}
		while (o < O_COUNT && strcmp(argv[i], options[o].name) != 0)
			o++;
		if (o < O_COUNT && (a->value[o] != NULL || i + 1 == argc))
			return false;
		if (o < O_COUNT)
			a->value[o] = argv[++i];
		else if (argv[i][0] == '-' || a->words == WORDS_MAX)
			return false;
		else
			a->word[a->words++] = argv[i];
	}
	return a->words >= 2 && a->value[O_KEY_FILE] != NULL;
}

/* Of --url, or of the configuration. */
static int find_url(struct asking *a)
{
	struct ctl_config c;
	int code = CTL_DONE;

	if (a->value[O_URL] != NULL) {
		(void)snprintf(a->url, sizeof(a->url), "%s", a->value[O_URL]);
		return CTL_DONE;
	}
	code = ctl_config_load(a->ctl, CTL_CONFIG_SERVER, &c);
	for (size_t i = 0; code == CTL_DONE && i < c.config->server.listen_count; i++) {
		const struct conf_listen *l = &c.config->server.listen[i];

		if (l->role != 1 || a->url[0] != '\0')
			continue;
		(void)snprintf(a->url, sizeof(a->url), "%s%s",
			       strncmp(l->address, "unix:", 5) == 0 ? "" : "http://", l->address);
	}
	ctl_config_fini(&c);
	if (code == CTL_DONE && a->url[0] == '\0') {
		fputs("sessionctl: the configuration has no API listener: say --url\n", stderr);
		code = CTL_USAGE;
	}
	return code;
}

/* The API's own words. */
static int refused(struct json_object *o, unsigned status)
{
	struct json_object *code = NULL, *detail = NULL;

	(void)json_object_object_get_ex(o, "code", &code);
	(void)json_object_object_get_ex(o, "detail", &detail);
	fprintf(stderr, "sessionctl: %u %s%s%s\n", status, code ? json_object_get_string(code) : "",
		detail ? ": " : "", detail ? json_object_get_string(detail) : "");
	return CTL_FAILED;
}

/* Asks; *out is the answer's object, or NULL where it has none. */
static int ask(struct asking *a, const char *method, const char *path, struct sd_slice body,
	       struct json_object **out)
{
	struct ctl_http in = {a->url, a->value[O_KEY_FILE], a->word[1], method, path, body};
	struct sd_buf text;
	unsigned status;
	int code = ctl_http_ask(&in, &status, &text);

	*out = NULL;
	if (code == CTL_DONE && text.len > 0 && json_tree(sd_buf_slice(&text), out, NULL) != SD_OK) {
		fputs("sessionctl: the answer is no JSON\n", stderr);
		code = CTL_FAILED;
	}
	sd_buf_fini(&text);
	if (code == CTL_DONE && status >= 300) {
		code = refused(*out, status);
		(void)json_object_put(*out);
		*out = NULL;
	}
	return code;
}

static void print(const struct ctl *ctl, struct json_object *o)
{
	if (ctl->json)
		puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		ctl_table_print(stdout, o);
}

/* --- list ------------------------------------------------------------------------------------- */

/* Of each row what a line has room for. */
static struct json_object *narrow(struct json_object *page)
{
	static const char *const columns[] = {"session_id", "user_id", "client_id", "status", "end_reason",
					      "created_at", "last_seen_at", "idle_expires_at", "ip"};
	struct json_object *items = NULL, *rows = json_object_new_array(), *out = json_object_new_object();

	(void)json_object_object_get_ex(page, "items", &items);
	for (size_t i = 0; items != NULL && i < json_object_array_length(items); i++) {
		struct json_object *row = json_object_new_object(), *v;

		for (size_t c = 0; c < SD_ARRAY_LEN(columns); c++)
			(void)json_object_object_add(
			    row, columns[c],
			    json_object_object_get_ex(json_object_array_get_idx(items, i), columns[c], &v)
				? json_object_get(v)
				: json_object_new_string(""));
		(void)json_object_array_add(rows, row);
	}
	(void)json_object_object_add(out, "sessions", rows);
	return out;
}

static void list_path(const struct asking *a, const char *cursor, struct sd_buf *path)
{
	const char *between = "?";

	sd_buf_reset(path);
	sd_buf_str(path, "/sessions");
	for (int o = 0; o < O_COUNT; o++) {
		const char *value = o == O_CURSOR ? cursor : a->value[o];

		if (options[o].filter == NULL || value == NULL)
			continue;
		sd_buf_printf(path, "%s%s=", between, options[o].filter);
		ctl_http_escape(path, value);
		between = "&";
	}
	sd_buf_char(path, '\0');
}

static int list(struct asking *a)
{
	struct json_object *page = NULL, *next = NULL;
	struct sd_buf path;
	char cursor[256] = "";
	int code;

	if (a->words != 2)
		return usage();
	if (a->value[O_CURSOR] != NULL)
		(void)snprintf(cursor, sizeof(cursor), "%s", a->value[O_CURSOR]);
	sd_buf_init(&path, 8192);
	do {
		list_path(a, cursor[0] != '\0' ? cursor : NULL, &path);
		code = path.failed ? usage() : ask(a, "GET", path.p, SD_SLICE(""), &page);
		if (code != CTL_DONE)
			break;
		cursor[0] = '\0';
		if (json_object_object_get_ex(page, "next_cursor", &next) && next != NULL)
			(void)snprintf(cursor, sizeof(cursor), "%s", json_object_get_string(next));
		if (a->ctl->json) {
			print(a->ctl, page);
		} else {
			struct json_object *rows = narrow(page);

			print(a->ctl, rows);
			(void)json_object_put(rows);
		}
		(void)json_object_put(page);
	} while (a->all && cursor[0] != '\0');
	if (code == CTL_DONE && cursor[0] != '\0' && !a->ctl->json)
		printf("more: --cursor %s\n", cursor);
	sd_buf_fini(&path);
	return code;
}

/* --- one --------------------------------------------------------------------------------------- */

static int show(struct asking *a, const char *tail)
{
	struct json_object *o = NULL;
	struct sd_buf path;
	int code;

	if (a->words != 3)
		return usage();
	sd_buf_init(&path, 4096);
	sd_buf_str(&path, "/sessions/");
	ctl_http_escape(&path, a->word[2]);
	sd_buf_str(&path, tail);
	sd_buf_char(&path, '\0');
	code = path.failed ? usage() : ask(a, "GET", path.p, SD_SLICE(""), &o);
	if (code == CTL_DONE)
		print(a->ctl, o);
	(void)json_object_put(o);
	sd_buf_fini(&path);
	return code;
}

static int revoke(struct asking *a)
{
	struct json_object *in = json_object_new_object(), *o = NULL;
	bool by_user = a->value[O_USER] != NULL;
	int code = CTL_USAGE;

	if (in != NULL && (a->words == 3) != by_user) {
		(void)json_object_object_add(in, by_user ? "user_id" : "session_id",
					     json_object_new_string(by_user ? a->value[O_USER] : a->word[2]));
		(void)json_object_object_add(in, "reason", json_object_new_string("admin"));
		code = ask(a, "POST", "/sessions/revoke", sd_slice_str(json_object_to_json_string(in)), &o);
	} else {
		(void)usage();
	}
	if (code == CTL_DONE)
		print(a->ctl, o);
	(void)json_object_put(o);
	(void)json_object_put(in);
	return code;
}

int ctl_sessions(const struct ctl *ctl, int argc, char **argv)
{
	struct asking a = {.ctl = ctl};
	int code;

	if (!read_words(&a, argc, argv))
		return usage();
	code = find_url(&a);
	if (code != CTL_DONE)
		return code;
	if (strcmp(a.word[0], "list") == 0)
		return list(&a);
	if (strcmp(a.word[0], "show") == 0)
		return show(&a, "");
	if (strcmp(a.word[0], "explain") == 0)
		return show(&a, "/explain");
	if (strcmp(a.word[0], "revoke") == 0)
		return revoke(&a);
	return usage();
}

/* --- preview ----------------------------------------------------------------------------------- */

static const char *mode_text(uint32_t mode)
{
	static const char *const modes[] = {"off", "shadow", "record", "step_up", "revoke"};

	return modes[SD_MIN(mode, (uint32_t)SD_ARRAY_LEN(modes) - 1)];
}

/* What can touch live sessions, as the API reads it. */
static void document(const struct tenant_conf *conf, struct sd_buf *b)
{
	const struct policy_tenant *t = &conf->p;

	sd_buf_printf(b,
		      "{\"sessions\":{\"idle_timeout\":%u,\"absolute_timeout\":%u,\"touch_interval\":%u,"
		      "\"remember_me\":{\"idle_timeout\":%u,\"absolute_timeout\":%u},\"max_per_user\":%u,"
		      "\"max_per_device_type\":{",
		      t->idle_s, t->absolute_s, t->touch_interval_s, t->remember_idle_s,
		      t->remember_absolute_s, t->max_per_user);
	for (size_t i = 0; i < conf->device_limits.count; i++)
		sd_buf_printf(b, "%s\"" SD_SLICE_FMT "\":%llu", i ? "," : "",
			      SD_SLICE_ARG(conf->device_limits.v[i].name),
			      (unsigned long long)conf->device_limits.v[i].max);
	sd_buf_str(b, "}},");
	sd_buf_printf(b,
		      "\"binding\":{\"ip\":{\"mode\":\"%s\",\"prefix_v4\":%u,\"prefix_v6\":%u},"
		      "\"user_agent\":\"%s\",\"device\":\"%s\"},\"clients\":[",
		      mode_text(t->bind_ip), t->bind_ip_v4, t->bind_ip_v6, mode_text(t->bind_user_agent),
		      mode_text(t->bind_device));
	for (size_t i = 0; i < conf->clients.count; i++)
		sd_buf_printf(b, "%s{\"id\":\"%s\"}", i ? "," : "", conf->clients.v[i].id);
	sd_buf_str(b, "],\"devices\":{\"trust\":{");
	for (size_t i = 0; i < conf->levels.count; i++) {
		const struct conf_level *l = &conf->levels.v[i];

		sd_buf_printf(b, "%s\"%s\":{\"idle_timeout\":%u,\"absolute_timeout\":%u,\"max_per_user\":%u,"
				 "\"step_up\":\"%s\"}",
			      i ? "," : "", l->name, l->idle_s, l->absolute_s, l->max_per_user, l->step_up);
	}
	sd_buf_str(b, "}}}");
}

static int preview(struct asking *a, const struct policy_config *config)
{
	const struct tenant_conf *t = NULL;
	struct json_object *o = NULL;
	struct sd_buf b;
	int code;

	for (size_t i = 0; i < config->tenant_count; i++)
		if (strcmp(config->tenants[i]->name, a->word[1]) == 0)
			t = config->tenants[i];
	if (t == NULL) {
		fprintf(stderr, "sessionctl: no tenant \"%s\" in the configuration\n", a->word[1]);
		return CTL_FAILED;
	}
	sd_buf_init(&b, 65536);
	document(t, &b);
	code = b.failed ? CTL_FAILED : ask(a, "POST", "/policy/preview", sd_buf_slice(&b), &o);
	if (code == CTL_DONE)
		print(a->ctl, o);
	(void)json_object_put(o);
	sd_buf_fini(&b);
	return code;
}

int ctl_sessions_preview(const struct ctl *ctl, int argc, char **argv)
{
	struct asking a = {.ctl = ctl};
	struct ctl_config c;
	int code;

	if (!read_words(&a, argc, argv) || a.words != 2)
		return usage();
	code = find_url(&a);
	if (code != CTL_DONE)
		return code;
	code = ctl_config_load(ctl, CTL_CONFIG_KEYLESS, &c);
	if (code == CTL_DONE)
		code = preview(&a, c.config);
	ctl_config_fini(&c);
	return code;
}
