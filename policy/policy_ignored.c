/* SPDX-License-Identifier: MIT
 * policy_ignored - keys of sessiond.yaml that changed but wait for the next start.
 * Owns:      nothing
 * Runs in:   master, tools
 * Fails by:  leaving a line out when memory is short
 * Never:     list the keys itself: RESTART stands in their rows
 */
#include "base.h"
#include "policy_config.h"

#include "policy_schema.h"
#include "policy_type.h"

/* What the row shows of the configuration, as text; lists of records entry by entry. */
static void show(struct sd_buf *b, const struct policy_row *row, const struct server_conf *s)
{
	size_t n;
	const struct policy_row *cells = policy_schema_rows(SCOPE_LISTEN, &n);

	sd_buf_init(b, 8192);
	if (row->type != TYPE_LISTENERS) {
		policy_type_print(b, row, s);
		return;
	}
	for (size_t i = 0; i < s->listen_count; i++) {
		for (size_t k = 0; k < n; k++) {
			sd_buf_str(b, k ? " " : i ? ", " : "");
			policy_type_print(b, &cells[k], &s->listen[i]);
		}
	}
}

void policy_config_ignored(const struct server_conf *running, const struct server_conf *new_conf,
			   void (*fn)(const char *line, void *arg), void *arg)
{
	size_t n;
	const struct policy_row *rows = policy_schema_rows(SCOPE_SERVER, &n);

	for (size_t i = 0; i < n; i++) {
		struct sd_buf a, b;
		char line[640];

		if (rows[i].effect != EFFECT_RESTART)
			continue;
		show(&a, &rows[i], running);
		show(&b, &rows[i], new_conf);
		if (!sd_slice_eq(sd_buf_slice(&a), sd_buf_slice(&b))) {
			snprintf(line, sizeof(line), "%s: %.*s -> %.*s (at the next start)",
				 rows[i].key, (int)SD_MIN(a.len, 240u), a.len ? a.p : "none",
				 (int)SD_MIN(b.len, 240u), b.len ? b.p : "none");
			fn(line, arg);
		}
		sd_buf_fini(&a);
		sd_buf_fini(&b);
	}
}
