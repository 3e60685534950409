/* SPDX-License-Identifier: MIT
 * policy_type_print - a typed value back to the text that a file would hold.
 * Owns:      nothing
 * Runs in:   master, tools
 * Fails by:  never; a short buffer marks itself failed
 * Never:     print a whole key hash: a prefix is enough to recognise one
 */
#include "base.h"
#include "policy_type.h"

#include "policy_tenant_conf.h"
#include "policy_units.h"

static const void *field(const struct policy_row *row, const void *base)
{
	return (const char *)base + row->offset;
}

void policy_type_put_number(struct sd_buf *b, enum policy_type type, uint64_t v)
{
	if (type == TYPE_DURATION_MS || type == TYPE_DURATION_S)
		policy_units_put_duration(b, v);
	else if (type == TYPE_SIZE)
		policy_units_put_size(b, v);
	else if (type == TYPE_SHARE)
		policy_units_put_share(b, v);
	else
		sd_buf_u64(b, v);
}

void policy_type_print_nothing(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	(void)b;
	(void)row;
	(void)base;
}

void policy_type_print_bool(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	sd_buf_str(b, policy_type_load(row, base) ? "on" : "off");
}

void policy_type_print_enum(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	sd_buf_put(b, policy_type_word(row->words, policy_type_load(row, base)));
}

void policy_type_print_number(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	sd_buf_u64(b, policy_type_load(row, base));
}

void policy_type_print_auto(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	if (policy_type_load(row, base))
		policy_type_print_number(b, row, base);
	else
		sd_buf_str(b, "auto");
}

void policy_type_print_duration_ms(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	policy_units_put_duration(b, policy_type_load(row, base));
}

void policy_type_print_duration_s(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	policy_units_put_duration(b, policy_type_load(row, base) * POLICY_S);
}

void policy_type_print_size(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	policy_units_put_size(b, policy_type_load(row, base));
}

void policy_type_print_share(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	policy_units_put_share(b, policy_type_load(row, base));
}

void policy_type_print_text(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	const char *s = field(row, base);

	if (s[0])
		sd_buf_json_str(b, sd_slice_str(s));
}

void policy_type_print_auto_text(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	if (*(const char *)field(row, base))
		policy_type_print_text(b, row, base);
	else
		sd_buf_str(b, "auto");
}

static void comma(struct sd_buf *b, size_t i)
{
	if (i)
		sd_buf_str(b, ", ");
}

void policy_type_print_paths(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	const struct server_conf *s = base;

	(void)row;
	sd_buf_char(b, '[');
	for (size_t i = 0; i < s->previous_key_count; i++) {
		comma(b, i);
		sd_buf_json_str(b, sd_slice_str(s->previous_key_files[i]));
	}
	sd_buf_char(b, ']');
}

void policy_type_print_networks(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	const struct server_conf *s = base;

	(void)row;
	sd_buf_char(b, '[');
	for (size_t i = 0; i < s->proxy_count; i++) {
		comma(b, i);
		policy_units_put_cidr(b, &s->proxies[i]);
	}
	sd_buf_char(b, ']');
}

void policy_type_print_flags(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	uint64_t bits = policy_type_load(row, base);
	size_t n = 0;

	sd_buf_char(b, '[');
	for (size_t i = 0; i < 32; i++) {
		if (!(bits & (1ull << i)))
			continue;
		comma(b, n++);
		sd_buf_put(b, policy_type_word(row->words, i));
	}
	sd_buf_char(b, ']');
}

static void put_permissions(struct sd_buf *b, uint64_t bits)
{
	size_t n = 0;

	sd_buf_char(b, '[');
	for (unsigned i = 0; i < PERM_BIT_COUNT; i++) {
		if (!(bits & (1ull << i)))
			continue;
		comma(b, n++);
		sd_buf_str(b, permission_name(i));
	}
	sd_buf_char(b, ']');
}

void policy_type_print_strings(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	const struct conf_strings *s = field(row, base);

	sd_buf_char(b, '[');
	for (size_t i = 0; i < s->count; i++) {
		comma(b, i);
		sd_buf_json_str(b, s->v[i]);
	}
	sd_buf_char(b, ']');
}

void policy_type_print_hashes(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	const struct conf_hashes *h = field(row, base);

	sd_buf_char(b, '[');
	for (size_t i = 0; i < h->count; i++) {
		comma(b, i);
		sd_buf_str(b, "\"sha256:");
		sd_buf_hex(b, h->v[i], 4);
		sd_buf_str(b, "...\"");
	}
	sd_buf_char(b, ']');
}

void policy_type_print_counts(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	const struct conf_counts *m = field(row, base);

	sd_buf_char(b, '{');
	for (size_t i = 0; i < m->count; i++) {
		comma(b, i);
		sd_buf_put(b, m->v[i].name);
		sd_buf_str(b, ": ");
		sd_buf_u64(b, m->v[i].max);
	}
	sd_buf_char(b, '}');
}

void policy_type_print_roles(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	const struct conf_roles *m = field(row, base);

	sd_buf_char(b, '{');
	for (size_t i = 0; i < m->count; i++) {
		comma(b, i);
		sd_buf_put(b, m->v[i].name);
		sd_buf_str(b, ": ");
		put_permissions(b, m->v[i].permissions);
	}
	sd_buf_char(b, '}');
}

void policy_type_print_levels(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	const struct conf_levels *m = field(row, base);
	size_t n;
	const struct policy_row *rows = policy_schema_rows(SCOPE_LEVEL, &n);

	sd_buf_char(b, '{');
	for (size_t i = 0; i < m->count; i++) {
		size_t given = 0;

		comma(b, i);
		sd_buf_str(b, m->v[i].name);
		sd_buf_str(b, ": {");
		for (size_t k = 0; k < n; k++) {
			if (rows[k].type == TYPE_ACR ? m->v[i].step_up[0] == '\0'
						       : policy_type_load(&rows[k], &m->v[i]) == 0)
				continue;
			comma(b, given++);
			sd_buf_str(b, rows[k].key);
			sd_buf_str(b, ": ");
			policy_type_print(b, &rows[k], &m->v[i]);
		}
		sd_buf_char(b, '}');
	}
	sd_buf_char(b, '}');
}

void policy_type_print_permissions(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	put_permissions(b, policy_type_load(row, base));
}

void policy_type_print_outage(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	policy_type_print_enum(b, row, base);
}
