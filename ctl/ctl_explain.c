/* SPDX-License-Identifier: MIT
 * ctl_explain - why a setting is what it is.
 * Owns:      nothing
 * Runs in:   sessionctl
 * Fails by:  exit code 1 with a line on standard error
 * Never:     know a key: everything said stands in the row of policy.def */
#include "base.h"
#include "ctl_explain.h"

#include "buf.h"
#include "policy_schema.h"
#include "policy_suggest.h"
#include "policy_tenant_conf.h"
#include "policy_type.h"

/* Where a key is looked up. */
struct place {
	enum policy_scope scope;
	const void *base;
	const char *file;
	const struct policy_pos *pos;
};

static const struct policy_row *row_find(enum policy_scope scope, const char *key, size_t *index)
{
	struct policy_suggest s;
	size_t n;
	const struct policy_row *rows = policy_schema_rows(scope, &n);

	policy_suggest_init(&s, sd_slice_str(key));
	for (size_t i = 0; i < n; i++) {
		if (strcmp(rows[i].key, key) == 0) {
			*index = i;
			return &rows[i];
		}
		policy_suggest_offer(&s, sd_slice_str(rows[i].key));
	}
	const char *best = policy_suggest_best(&s);

	fprintf(stderr, "sessionctl: %s: no such key%s%s%s\n", key, best ? " (did you mean \"" : "",
		best ? best : "", best ? "\"?)" : "");
	return NULL;
}

static void put_member(struct sd_buf *b, const char *name, struct sd_slice value)
{
	sd_buf_str(b, b->len == 0 ? "{" : ", ");
	sd_buf_json_str(b, sd_slice_str(name));
	sd_buf_str(b, ": ");
	sd_buf_json_str(b, value);
}

static int say(const struct ctl *ctl, const struct policy_row *row, struct sd_slice value,
	       const char *origin)
{
	const char *standard = row->standard ? row->standard : "must be given";
	const char *reload = row->effect == EFFECT_RELOAD ? "reload" : "restart";
	const char *const lines[][2] = {
	    {"default", standard},
	    {"default from", row->origin},
	    {"takes effect by", reload},
	    {"meaning", row->text},
	};
	struct sd_buf b;

	if (!ctl->json) {
		printf("%s: %.*s\n  %-16s %s\n", row->key, SD_SLICE_ARG(value), "stands in",
		       origin);
		for (size_t i = 0; i < SD_ARRAY_LEN(lines); i++)
			printf("  %-16s %s\n", lines[i][0], lines[i][1]);
		return CTL_DONE;
	}
	sd_buf_init(&b, 65536);
	put_member(&b, "key", sd_slice_str(row->key));
	put_member(&b, "value", value);
	put_member(&b, "origin", sd_slice_str(origin));
	put_member(&b, "default", sd_slice_str(standard));
	put_member(&b, "default_from", sd_slice_str(row->origin));
	put_member(&b, "effect", sd_slice_str(reload));
	put_member(&b, "meaning", sd_slice_str(row->text));
	printf("%.*s}\n", SD_SLICE_ARG(sd_buf_slice(&b)));
	sd_buf_fini(&b);
	return CTL_DONE;
}

static int explain_at(const struct ctl *ctl, const struct place *at, const char *key)
{
	size_t i = 0;
	const struct policy_row *row = row_find(at->scope, key, &i);
	char origin[CONF_PATH + 32] = "no file: it is the default";
	struct sd_buf value;

	if (row == NULL)
		return CTL_FAILED;
	if (at->pos[i].line)
		snprintf(origin, sizeof(origin), "%s:%u:%u", at->file, at->pos[i].line,
			 at->pos[i].column);
	sd_buf_init(&value, 65536);
	policy_type_print(&value, row, at->base);
	int code = say(ctl, row, sd_buf_slice(&value), origin);

	sd_buf_fini(&value);
	return code;
}

int ctl_explain(const struct ctl *ctl, const struct policy_config *config, const char *tenant,
		const char *key)
{
	struct place server = {SCOPE_SERVER, &config->server, config->server.file,
			       config->server.pos};

	if (tenant == NULL)
		return explain_at(ctl, &server, key);
	for (size_t i = 0; i < config->tenant_count; i++) {
		const struct tenant_conf *t = config->tenants[i];
		struct place at = {SCOPE_TENANT, t, t->file, t->pos};

		if (strcmp(t->name, tenant) == 0)
			return explain_at(ctl, &at, key);
	}
	fprintf(stderr, "sessionctl: %s: no such tenant\n", tenant);
	return CTL_FAILED;
}
