/* SPDX-License-Identifier: MIT
 * policy_config - sessiond.yaml, the tenant files and the public keys: read, typed, checked.
 * Owns:      struct policy_config
 * Runs in:   master (before its lock-down and at a reload), tools
 * Fails by:  SD_ERR_INVALID with every fault of every file; then there is no configuration
 * Never:     keep half of a wrong configuration, or read a secret (paths only)
 */
#include "base.h"
#include "policy_config.h"

#include "err.h"
#include "policy_check.h"
#include "policy_file.h"
#include "policy_keys.h"
#include "policy_geo.h"
#include "policy_oidc.h"
#include "policy_schema.h"
#include "policy_tenant_conf.h"
#include "policy_word.h"

#define ARENA_MAX ((size_t)2 << 30)

struct loading {
	struct policy_config *c;
	struct policy_faults faults;
	char folder[CONF_PATH]; /* of FILE, with its slash; "" when FILE has none */
	int64_t now_s;
	enum policy_depth { DEPTH_ALL, DEPTH_KEYLESS, DEPTH_SERVER } depth;
};

/* Reads path as YAML through scope's rows. When the text is no YAML: an empty mapping for the
 * server file (the tenants are still checked, by the defaults), nothing for a tenant: false. */
static bool read_yaml(struct loading *l, const char *path, enum policy_scope scope, void *base,
		      struct policy_pos *pos)
{
	struct policy_draft d = {path, l->folder, &l->c->arena, &l->faults};
	struct yaml_node empty = {.kind = YAML_MAP, .pos = {1, 1}};
	struct yaml_tree tree = {0};
	struct sd_buf text;
	int err = policy_file_read(path, YAML_TREE_MAX_BYTES, FILE_OWNER_STRICT, &text, &l->faults);

	if (err == SD_OK)
		err = yaml_tree_parse(sd_buf_slice(&text), path, &tree, &l->faults);
	const struct yaml_node *root = tree.root;

	if (root == NULL && (scope == SCOPE_SERVER || err == SD_OK))
		root = &empty;
	if (root)
		policy_schema_read(&d, scope, root, base, pos);
	yaml_tree_fini(&tree);
	sd_buf_fini(&text);
	return root != NULL;
}

static void load_server(struct loading *l, const char *file)
{
	struct server_conf *s = &l->c->server;

	snprintf(s->file, sizeof(s->file), "%s", file);
	(void)read_yaml(l, s->file, SCOPE_SERVER, s, s->pos);
	policy_check_server(s, &l->faults);
}

static void load_tenant(struct loading *l, const char *path)
{
	struct tenant_conf *t = sd_arena_alloc(&l->c->arena, sizeof(*t));

	if (t == NULL) {
		policy_fault(&l->faults, (struct policy_where){path, {0, 0}, ""}, "out of memory");
		return;
	}
	if (strlen(path) >= sizeof(t->file)) {
		policy_fault(&l->faults, (struct policy_where){path, {0, 0}, ""}, "path too long");
		return;
	}
	memcpy(t->file, path, strlen(path) + 1);
	if (read_yaml(l, t->file, SCOPE_TENANT, t, t->pos))
		policy_check_tenant(&l->c->server, t, &l->faults);
	if (t->name[0] && l->c->server.keys_dir[0] && l->depth == DEPTH_ALL)
		policy_keys_import(t, l->c->server.keys_dir, l->now_s, &l->c->arena, &l->faults);
	if (l->depth == DEPTH_ALL)
		policy_oidc_import(t, &l->c->arena, &l->faults);
	l->c->tenants[l->c->tenant_count++] = t;
}

/* "NAME.yaml": load. Anything else that looks like a tenant would be silently without effect. */
static void consider(struct loading *l, const char *name)
{
	char path[CONF_PATH + 300];
	size_t n = strlen(name);
	bool yaml = n > 5 && strcmp(name + n - 5, ".yaml") == 0;

	snprintf(path, sizeof(path), "%s/%s", l->c->server.tenants_dir, name);
	struct policy_where at = {path, {0, 0}, ""};

	if (!yaml && n > 4 && strcmp(name + n - 4, ".yml") == 0)
		policy_fault(&l->faults, at, "would be ignored: a tenant's file ends in .yaml");
	if (!yaml)
		return;
	if (strlen(path) >= CONF_PATH || policy_word_fault(TYPE_TENANT_NAME, sd_slice(name, n - 5)))
		policy_fault(&l->faults, at, "is not NAME.yaml with a name of a-z, 0-9 and -");
	else
		load_tenant(l, path);
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct tenant_conf *const *)a)->name,
		      (*(struct tenant_conf *const *)b)->name);
}

static void load_tenants(struct loading *l)
{
	struct policy_where at =
	    policy_schema_where(SCOPE_SERVER, l->c->server.file, l->c->server.pos, "tenants_dir");
	struct policy_names names;
	int err = policy_file_list(l->c->server.tenants_dir, &names, &l->faults);

	if (err == SD_ERR_NOT_FOUND)
		policy_fault(&l->faults, at, "there is no folder %s", l->c->server.tenants_dir);
	if (err)
		return;
	l->c->tenants = calloc(names.count + 1, sizeof(*l->c->tenants));
	if (l->c->tenants == NULL)
		policy_fault(&l->faults, at, "out of memory");
	for (size_t i = 0; l->c->tenants && i < names.count; i++)
		consider(l, names.v[i]);
	policy_file_list_free(&names);
	if (l->c->tenant_count == 0)
		policy_note(&l->faults, at, "there is no tenant: run `sessionctl tenant new NAME`");
	else
		qsort(l->c->tenants, l->c->tenant_count, sizeof(*l->c->tenants), by_name);
}

static bool set_folder(struct loading *l, const char *file)
{
	const char *slash = strrchr(file, '/');
	size_t n = slash ? (size_t)(slash - file) + 1 : 0;

	if (strlen(file) >= CONF_PATH || file[0] == '\0') {
		policy_fault(&l->faults, (struct policy_where){file, {0, 0}, ""}, "not a path");
		return false;
	}
	memcpy(l->folder, file, n);
	return true;
}

static int load(struct loading *l, const char *file, struct policy_config **out,
		struct conf_findings *findings)
{
	int err = SD_ERR_MEMORY;

	*out = NULL;
	*findings = (struct conf_findings){0};
	l->c = calloc(1, sizeof(struct policy_config));
	if (l->c == NULL)
		return err;
	sd_arena_init(&l->c->arena, ARENA_MAX);
	if (set_folder(l, file)) {
		load_server(l, file);
		if (l->depth == DEPTH_ALL)
			policy_geo_check(&l->c->server, &l->faults);
		if (l->c->server.tenants_dir[0] && l->depth != DEPTH_SERVER)
			load_tenants(l);
		policy_cross_check(l->c, &l->faults);
	}
	policy_faults_finish(&l->faults, findings);
	err = findings->count ? SD_ERR_INVALID : SD_OK;
	if (err)
		policy_config_free(&l->c);
	*out = l->c;
	return err;
}

int policy_config_load(const char *file, int64_t now_s, struct policy_config **out,
		       struct conf_findings *findings)
{
	struct loading l = {.now_s = now_s};

	return load(&l, file, out, findings);
}

int policy_config_load_keyless(const char *file, struct policy_config **out,
			       struct conf_findings *findings)
{
	struct loading l = {.depth = DEPTH_KEYLESS};

	return load(&l, file, out, findings);
}

int policy_config_load_server(const char *file, struct policy_config **out,
			      struct conf_findings *findings)
{
	struct loading l = {.depth = DEPTH_SERVER};

	return load(&l, file, out, findings);
}

void policy_config_free(struct policy_config **config)
{
	if (config == NULL || *config == NULL)
		return;
	sd_arena_fini(&(*config)->arena);
	free((*config)->tenants);
	free(*config);
	*config = NULL;
}
