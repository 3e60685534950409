/* SPDX-License-Identifier: MIT
 * schema_doc - the manual of all keys: type, default, range, reload, where the number is from.
 * Owns:      nothing
 * Runs in:   the build tree (sessiond-schema doc)
 * Fails by:  a buffer marked failed
 * Never:     explain a key here: its text stands in its row
 */
#include "base.h"
#include "schema_doc.h"

#include "policy_schema.h"
#include "policy_type.h"

static const char head[] =
    "# Configuration\n"
    "\n"
    "Made by `sessiond-schema doc` from `policy/policy.def`, the table that the parser itself "
    "reads:\n"
    "`tests/guards/generated` fails when the two differ. Full examples stand in `etc/`, with a "
    "JSON\n"
    "Schema for editors beside them.\n"
    "\n"
    "One YAML file for the server and one for each tenant, `tenants.d/NAME.yaml`. What is wrong "
    "is\n"
    "refused whole, with every fault of every file in one run (`sessiond -t`); `sessiond -T` "
    "prints\n"
    "each effective value and where it comes from. Durations are `500ms 30s 15m 12h 30d 1h30m`,\n"
    "sizes `64KiB 16MiB`, shares `5%`; a bare number is refused where a unit belongs, but for "
    "`0`.\n"
    "Relative paths are relative to the server's file. Secrets never stand in a file: `..._file`\n"
    "names one. A configuration or tenant file belongs to root or to the user that reads it, and "
    "is\n"
    "not writable by group or others.\n"
    "\n"
    "*From* says where a default comes from: an OWASP document (ASVS 5.0, the session management\n"
    "cheat sheet), NIST SP 800-63B-4, an RFC, or our own measurement and judgement (own).\n"
    "*Reload* says whether SIGHUP is enough; what needs a restart is named in the reload's "
    "report.\n";

/* Text for a cell of a table. */
static void cell(struct sd_buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			sd_buf_char(b, '\\');
		sd_buf_char(b, *text);
	}
}

static void put_words(struct sd_buf *b, const struct policy_row *r)
{
	struct sd_slice w;
	size_t n = 0;

	for (size_t i = 0; (w = policy_type_word(r->words, i)).p; i++) {
		if (sd_slice_is(w, "-"))
			continue;
		sd_buf_printf(b, "%s`%.*s`", n++ ? " " : "", SD_SLICE_ARG(w));
	}
}

static void put_range(struct sd_buf *b, const struct policy_row *r)
{
	if (r->type == TYPE_ENUM || r->type == TYPE_FLAGS) {
		put_words(b, r);
	} else if (r->high) {
		policy_type_put_number(b, r->type, r->low);
		sd_buf_str(b, " .. ");
		policy_type_put_number(b, r->type, r->high);
		if (strncmp(policy_type_name(r->type), "a list", 6) == 0)
			sd_buf_str(b, " entries");
	}
}

static void put_row(struct sd_buf *b, const struct policy_row *r)
{
	sd_buf_printf(b, "| `%s` | %s | ", r->key, policy_type_name(r->type));
	if (r->standard == NULL)
		sd_buf_str(b, "**must be given**");
	else if (r->standard[0])
		sd_buf_printf(b, "`%s`", r->standard);
	sd_buf_str(b, " | ");
	put_range(b, r);
	sd_buf_printf(b, " | %s | ", r->effect == EFFECT_RELOAD ? "yes" : "restart");
	cell(b, r->origin);
	sd_buf_str(b, " | ");
	cell(b, r->text);
	sd_buf_str(b, " |\n");
}

static void put_table(struct sd_buf *b, enum policy_scope scope, const char *title)
{
	size_t n;
	const struct policy_row *r = policy_schema_rows(scope, &n);

	sd_buf_printf(b, "\n## %s\n\n", title);
	sd_buf_str(b, "| key | type | default | range | reload | from | meaning |\n"
		      "|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < n; i++)
		put_row(b, &r[i]);
}

static void put_unbuilt(struct sd_buf *b)
{
	static const struct {
		const char *scope, *key, *when, *value, *why;
	} rows[] = {
#define UNBUILT(scope, key, when, value, why) {#scope, key, #when, value, why},
#include "policy_unbuilt.def"
	};
	static const char *const when[][2] = {{"GIVEN", "given"},
					      {"FILLED", "with entries"},
					      {"OTHER", "anything but"},
					      {"PREFIX", "begins with"}};

	sd_buf_str(
	    b,
	    "\n## Not in this version\n\nUnderstood, but refused, so that no setting is silently "
	    "without effect.\n\n| key | when | why |\n|---|---|---|\n");
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		const char *list = strcmp(rows[i].scope, "LISTEN") == 0	  ? "listen[]."
				   : strcmp(rows[i].scope, "CLIENT") == 0 ? "clients[]."
									  : "";

		sd_buf_printf(b, "| `%s%s` | ", list, rows[i].key);
		for (size_t k = 0; k < SD_ARRAY_LEN(when); k++) {
			if (strcmp(when[k][0], rows[i].when) == 0)
				sd_buf_str(b, when[k][1]);
		}
		sd_buf_char(b, ' ');
		cell(b, rows[i].value);
		sd_buf_str(b, " | ");
		cell(b, rows[i].why);
		sd_buf_str(b, " |\n");
	}
}

void schema_doc_put(struct sd_buf *b)
{
	sd_buf_init(b, 1u << 20);
	sd_buf_str(b, head);
	put_table(b, SCOPE_SERVER, "sessiond.yaml");
	put_table(b, SCOPE_LISTEN, "Each entry of `listen`");
	put_table(b, SCOPE_TENANT, "tenants.d/NAME.yaml");
	put_table(b, SCOPE_CLIENT, "Each entry of `clients`");
	put_table(b, SCOPE_LEVEL, "Each level of `devices.trust`");
	put_unbuilt(b);
}
