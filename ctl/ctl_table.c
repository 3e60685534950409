/* SPDX-License-Identifier: MIT
 * ctl_table - a JSON object as aligned lines and tables.
 * Owns:      nothing
 * Runs in:   sessionctl
 * Fails by:  printing "?"
 * Never:     let a byte of a value act on the terminal */
#include "base.h"
#include "ctl_table.h"

#include <json-c/json.h>

#define LABEL_WIDTH 28
#define COLUMNS_MAX 24
#define CELL_MAX 64
#define PATH_MAX_BYTES 128

/* In place: what a terminal would obey. U+0080 to U+009F are control characters, too. */
static void calm(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c != '\0'; c++) {
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
		else if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
			c[0] = c[1] = '?';
	}
}

static void put_name(FILE *out, size_t width, const char *name)
{
	char cell[PATH_MAX_BYTES];

	(void)snprintf(cell, sizeof(cell), "%s", name);
	calm(cell);
	fprintf(out, "%-*s", (int)width, cell);
}

/* A value as one cell; objects as "name=value ..." of what they hold. */
static void cell_put(char *out, size_t size, struct json_object *v)
{
	size_t used = 0;

	out[0] = '\0';
	if (json_object_is_type(v, json_type_object)) {
		json_object_object_foreach(v, name, member) {
			int n = snprintf(out + used, size - used, "%s%s=%s", used > 0 ? " " : "", name,
					 member != NULL ? json_object_get_string(member) : "-");

			if (n < 0 || used + (size_t)n >= size)
				break;
			used += (size_t)n;
		}
	} else {
		(void)snprintf(out, size, "%s", v != NULL ? json_object_get_string(v) : "-");
	}
	calm(out);
}

static void put_line(FILE *out, const char *path, struct json_object *v)
{
	char cell[512];

	cell_put(cell, sizeof(cell), v);
	put_name(out, LABEL_WIDTH, path);
	fprintf(out, " %s\n", cell);
}

struct columns {
	size_t count;
	const char *name[COLUMNS_MAX];
	size_t width[COLUMNS_MAX];
};

static size_t column_of(struct columns *c, const char *name)
{
	size_t i = 0;

	while (i < c->count && strcmp(c->name[i], name) != 0)
		i++;
	if (i == c->count && i < COLUMNS_MAX) {
		c->name[i] = name;
		c->width[i] = SD_MIN(strlen(name), (size_t)PATH_MAX_BYTES - 1);
		c->count++;
	}
	return i;
}

/* Objects inside a row are told apart from it: a table of their own would lose whose they are. */
static void measure(struct columns *c, struct json_object *rows)
{
	for (size_t r = 0; r < json_object_array_length(rows); r++) {
		struct json_object *row = json_object_array_get_idx(rows, r);

		if (!json_object_is_type(row, json_type_object))
			continue;
		json_object_object_foreach(row, name, member) {
			size_t i = column_of(c, name);
			char cell[CELL_MAX];

			if (i == COLUMNS_MAX || json_object_is_type(member, json_type_object))
				continue;
			cell_put(cell, sizeof(cell), member);
			c->width[i] = SD_MAX(c->width[i], strlen(cell));
		}
	}
}

static void put_row(FILE *out, const struct columns *c, struct json_object *row)
{
	for (size_t i = 0; i < c->count; i++) {
		struct json_object *v = NULL;
		char cell[256];

		(void)json_object_object_get_ex(row, c->name[i], &v);
		cell_put(cell, json_object_is_type(v, json_type_object) ? sizeof(cell) : CELL_MAX, v);
		fprintf(out, "%s%-*s", i > 0 ? "  " : "", i + 1 < c->count ? (int)c->width[i] : 0, cell);
	}
	fputc('\n', out);
}

static void put_table(FILE *out, const char *path, struct json_object *rows)
{
	struct columns c = {0};

	measure(&c, rows);
	fputc('\n', out);
	put_name(out, 0, path);
	fputs(":\n", out);
	for (size_t i = 0; i < c.count; i++) {
		fputs(i > 0 ? "  " : "", out);
		put_name(out, i + 1 < c.count ? c.width[i] : 0, c.name[i]);
	}
	fputc('\n', out);
	for (size_t r = 0; r < json_object_array_length(rows); r++)
		put_row(out, &c, json_object_array_get_idx(rows, r));
	fputc('\n', out);
}

static bool is_table(struct json_object *v)
{
	return json_object_is_type(v, json_type_array) && json_object_array_length(v) > 0 &&
	       json_object_is_type(json_object_array_get_idx(v, 0), json_type_object);
}

/* The contract's depth is three; deeper values are one cell. */
void ctl_table_print(FILE *out, struct json_object *o)
{
	json_object_object_foreach(o, name, v) {
		if (is_table(v)) {
			put_table(out, name, v);
			continue;
		}
		if (!json_object_is_type(v, json_type_object)) {
			put_line(out, name, v);
			continue;
		}
		json_object_object_foreach(v, inner, w) {
			char path[PATH_MAX_BYTES];

			(void)snprintf(path, sizeof(path), "%s.%s", name, inner);
			put_line(out, path, w);
		}
	}
}
