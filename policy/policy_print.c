/* SPDX-License-Identifier: MIT
 * policy_print - sessiond -T: every effective value and where it comes from.
 * Owns:      nothing
 * Runs in:   master (option -T), tools
 * Fails by:  SD_ERR_SYSTEM when the stream does not take it, SD_ERR_MEMORY
 * Never:     open a file: of secrets only the paths are known here, of API keys half a hash
 */
#include "base.h"
#include "policy_config.h"

#include "err.h"
#include "policy_schema.h"
#include "policy_tenant_conf.h"
#include "policy_type.h"

#define VALUE_COLUMN 60

static void put_line(struct sd_buf *b, const char *prefix, const struct policy_row *row,
		     const void *base, const char *file, struct policy_pos pos)
{
	size_t start = b->len;

	sd_buf_str(b, prefix);
	sd_buf_str(b, row->key);
	sd_buf_str(b, ": ");
	policy_type_print(b, row, base);
	do {
		sd_buf_char(b, ' ');
	} while (b->len - start < VALUE_COLUMN && !b->failed);
	if (pos.line)
		sd_buf_printf(b, "# %s:%u\n", file, pos.line);
	else
		sd_buf_str(b, "# default\n");
}

static bool is_printed(const struct policy_row *row, struct policy_pos pos)
{
	if (row->type == TYPE_LISTENERS || row->type == TYPE_CLIENTS)
		return false;
	return row->type != TYPE_OPEN || pos.line;
}

static void put_scope(struct sd_buf *b, enum policy_scope scope, const void *base, const char *file,
		      const struct policy_pos *pos)
{
	size_t n;
	const struct policy_row *rows = policy_schema_rows(scope, &n);

	for (size_t i = 0; i < n; i++) {
		if (is_printed(&rows[i], pos[i]))
			put_line(b, "", &rows[i], base, file, pos[i]);
	}
}

/* One entry of a list of mappings; all of it stands where the entry begins. */
static void put_record(struct sd_buf *b, enum policy_scope scope, const char *list, size_t index,
		       const void *base, struct policy_where at)
{
	char prefix[48];
	size_t n;
	const struct policy_row *rows = policy_schema_rows(scope, &n);

	snprintf(prefix, sizeof(prefix), "%s[%zu].", list, index);
	for (size_t i = 0; i < n; i++) {
		if (rows[i].type != TYPE_OPEN)
			put_line(b, prefix, &rows[i], base, at.file, at.pos);
	}
}

static void put_server(struct sd_buf *b, const struct server_conf *s)
{
	bool given = policy_schema_where(SCOPE_SERVER, s->file, s->pos, "listen").pos.line != 0;

	sd_buf_printf(b, "# %s\n", s->file);
	for (size_t i = 0; i < s->listen_count; i++) {
		struct policy_where at = {s->file,
					  given ? s->listen[i].pos : (struct policy_pos){0}, ""};

		put_record(b, SCOPE_LISTEN, "listen", i, &s->listen[i], at);
	}
	put_scope(b, SCOPE_SERVER, s, s->file, s->pos);
}

static void put_tenant(struct sd_buf *b, const struct tenant_conf *t)
{
	sd_buf_printf(b, "# %s\n", t->file);
	put_scope(b, SCOPE_TENANT, t, t->file, t->pos);
	for (size_t i = 0; i < t->clients.count; i++) {
		struct policy_where at = {t->file, t->clients.v[i].pos, ""};

		put_record(b, SCOPE_CLIENT, "clients", i, &t->clients.v[i], at);
	}
	for (size_t i = 0; i < t->key_count; i++)
		sd_buf_printf(b, "# key %.*s: %s\n", SD_SLICE_ARG(t->keys[i].kid),
			      jose_alg_name(t->keys[i].alg));
}

static int flush(struct sd_buf *b, FILE *out)
{
	int err = b->failed ? SD_ERR_MEMORY : SD_OK;

	if (err == SD_OK && fwrite(b->p, 1, b->len, out) != b->len)
		err = SD_ERR_SYSTEM;
	sd_buf_reset(b);
	return err;
}

int policy_config_print(const struct policy_config *config, FILE *out)
{
	struct sd_buf b;

	sd_buf_init(&b, 64u << 20);
	put_server(&b, &config->server);
	int err = flush(&b, out);

	for (size_t i = 0; err == SD_OK && i < config->tenant_count; i++) {
		sd_buf_char(&b, '\n');
		put_tenant(&b, config->tenants[i]);
		err = flush(&b, out);
	}
	sd_buf_fini(&b);
	return err;
}

static void put_json(struct sd_buf *b, const struct tenant_conf *t)
{
	size_t n;
	const struct policy_row *rows = policy_schema_rows(SCOPE_TENANT, &n);
	struct sd_buf value;

	sd_buf_init(&value, 65536);
	for (size_t i = 0; i < n; i++) {
		if (!is_printed(&rows[i], t->pos[i]))
			continue;
		sd_buf_reset(&value);
		policy_type_print(&value, &rows[i], t);
		sd_buf_str(b, b->len ? ", " : "{");
		sd_buf_json_str(b, sd_slice_str(rows[i].key));
		sd_buf_str(b, ": {\"value\": ");
		sd_buf_json_str(b, sd_buf_slice(&value));
		sd_buf_printf(b, ", \"line\": %u}", t->pos[i].line);
	}
	sd_buf_str(b, "}\n");
	sd_buf_fini(&value);
}

int policy_config_print_tenant(const struct policy_config *config, const char *name, bool json,
			       FILE *out)
{
	struct sd_buf b;
	size_t i = 0;

	while (i < config->tenant_count && strcmp(config->tenants[i]->name, name) != 0)
		i++;
	if (i == config->tenant_count)
		return SD_ERR_NOT_FOUND;
	sd_buf_init(&b, 64u << 20);
	if (json)
		put_json(&b, config->tenants[i]);
	else
		put_tenant(&b, config->tenants[i]);
	int err = flush(&b, out);

	sd_buf_fini(&b);
	return err;
}
