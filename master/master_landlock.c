/* SPDX-License-Identifier: MIT
 * master_landlock - the folders that a master needs after its boot, and no other.
 * Owns:      the list
 * Runs in:   master, at the end of its boot
 * Fails by:  leaving out what is not there or what does not fit: too little, never too much
 * Never:     a folder of private keys of its own: keys_dir is there for the public sidecars, and the
 *            private files in it belong to another user */
#include "base.h"
#include "master.h"

#include "err.h"

#define BOTH (SD_PATH_READ | SD_PATH_WRITE)

static void add(struct master_paths *p, const char *path, uint32_t may)
{
	if (p->count < SD_ARRAY_LEN(p->path) && path[0] != '\0')
		p->path[p->count++] = (struct sd_landlock_path){.path = path, .fd = -1, .may = may};
}

/* The folder of a file that is made, unlinked or replaced. */
static void add_folder_of(struct master_paths *p, const char *file, uint32_t may)
{
	const char *slash = strrchr(file, '/');
	char *text = p->text[p->texts];

	if (slash == NULL) {
		add(p, ".", may);
		return;
	}
	if (p->texts == SD_ARRAY_LEN(p->text) || (size_t)(slash - file) >= sizeof(p->text[0]))
		return;
	memcpy(text, file, (size_t)(slash - file));
	text[slash == file ? 1 : slash - file] = '\0';
	text[0] = slash == file ? '/' : text[0];
	p->texts++;
	add(p, text, may);
}

static void add_names(struct master_paths *p)
{
	/* Whole folders: these files are replaced by renaming, and a rule stays with the old one. */
	static const char *const places[] = {"/etc", "/run/systemd/resolve", "/run/resolvconf",
					     "/run/NetworkManager", "/run/connman", "/usr/lib/ssl"};

	for (size_t i = 0; i < SD_ARRAY_LEN(places); i++)
		add(p, places[i], SD_PATH_READ);
}

void master_paths_of(const struct server_conf *server, struct master_paths *out)
{
	memset(out, 0, sizeof(*out));
	add(out, ".", SD_PATH_READ); /* the configuration's folder */
	add(out, server->tenants_dir, SD_PATH_READ);
	add(out, server->keys_dir, SD_PATH_READ);
	add(out, server->state_dir, BOTH);
	add_folder_of(out, server->audit_file, BOTH); /* made again after SIGUSR1 */
	if (server->geo_file[0] != '\0')
		add_folder_of(out, server->geo_file, SD_PATH_READ); /* replaced by renaming */
	for (size_t i = 0; i < server->listen_count; i++)
		if (strncmp(server->listen[i].address, "unix:", strlen("unix:")) == 0)
			add_folder_of(out, server->listen[i].address + strlen("unix:"), BOTH);
	if (server->store_mode == STORE_MODE_MANAGED)
		return;
	add_folder_of(out, server->store_password_file, SD_PATH_READ);
	add_folder_of(out, server->store_worker_password_file, SD_PATH_READ);
	if (strncmp(server->store_url, "unix:", strlen("unix:")) != 0)
		add_names(out);
}
