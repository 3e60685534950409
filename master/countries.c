/* SPDX-License-Identifier: MIT
 * countries - the operator's file of countries, from the disk to the workers.
 * Owns:      the sealed copy of the file while it is read, the sealed table in force
 * Runs in:   master (before and after the sandbox)
 * Fails by:  keeping the table it has; a line in the log
 * Never:     look into the file itself, or hand on a table that could still change: the file may be replaced,
 *            cut or made by an enemy while somebody reads it */
#include "base.h"
#include "countries.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/mman.h>
#include <unistd.h>

#include "err.h"
#include "log.h"
#include "master.h"
#include "policy_geo.h"

#define TRIES 3u
#define RETIRE_MS 1000

void countries_open(struct master *m)
{
	m->countries.file_fd = m->countries.table_fd = -1;
}

static void drop_file(struct countries *c)
{
	if (c->file_fd >= 0)
		(void)close(c->file_fd);
	c->file_fd = -1;
}

static void tell_workers(struct master *m)
{
	for (uint32_t i = 0; i < m->fleet.workers; i++)
		handover_send(fleet_worker(&m->fleet, i), HM_GEO_TABLE, NULL, 0, m->countries.table_fd);
}

/* The one in force goes; fd, if there is one, comes. */
static void replace(struct master *m, int fd, const struct geo_view *view)
{
	struct countries *c = &m->countries;

	geo_table_close(&c->view);
	if (c->table_fd >= 0)
		(void)close(c->table_fd);
	c->table_fd = fd;
	if (view != NULL)
		c->view = *view;
	tell_workers(m);
}

static void forget(struct master *m)
{
	struct countries *c = &m->countries;

	c->given = false;
	drop_file(c);
	if (c->table_fd >= 0)
		replace(m, -1, NULL);
}

int countries_copy(struct sd_slice bytes)
{
	int fd = memfd_create("geo-file", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t at = 0;
	ssize_t n = 0;

	while (fd >= 0 && at < bytes.n && (n = pwrite(fd, bytes.p + at, bytes.n - at, (off_t)at)) > 0)
		at += (size_t)n;
	if (fd >= 0 && at == bytes.n &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static void take(struct master *m, struct sd_slice bytes)
{
	struct countries *c = &m->countries;
	uint8_t digest[32];

	SHA256((const unsigned char *)bytes.p, bytes.n, digest);
	if (c->given && memcmp(digest, c->digest, sizeof(digest)) == 0)
		return;
	drop_file(c);
	c->file_fd = countries_copy(bytes);
	if (c->file_fd < 0) {
		sd_log(SD_LOG_ERROR, "countries-refused", SD_FS("text", strerror(errno)));
		return;
	}
	memcpy(c->digest, digest, sizeof(digest));
	c->given = true;
	c->answered = false;
	c->tries = 0;
	if (m->loop != NULL && fleet_geo(&m->fleet)->state != CHILD_NONE)
		fleet_child_kill(fleet_geo(&m->fleet), "it reads a file that was replaced");
}

void countries_config(struct master *m)
{
	const struct server_conf *server = &m->server; /* where it lies only a restart changes */
	struct sd_buf bytes;

	if (server->geo_file[0] == '\0') {
		forget(m);
		return;
	}
	/* The configuration's check has just read it: what fails here has changed since. */
	if (policy_geo_read(server->geo_file, &bytes, NULL) == SD_OK)
		take(m, sd_buf_slice(&bytes));
	else
		sd_log(SD_LOG_WARN, "countries-refused", SD_FS("path", server->geo_file),
		       SD_FS("text", "the file has gone or changed; the table in force stays"));
	sd_buf_fini(&bytes);
	if (m->fleet.stage != FLEET_OFF)
		countries_tick(m);
}

void countries_tick(struct master *m)
{
	struct countries *c = &m->countries;
	struct child *reader = fleet_geo(&m->fleet);

	if (c->file_fd < 0 || reader->state != CHILD_NONE || m->phase == MASTER_DRAINING)
		return;
	if (c->answered || c->tries >= TRIES) {
		drop_file(c);
		return;
	}
	c->tries++;
	fleet_child_want(reader, NULL);
	reader->wanted = false; /* who reads a file and dies of it is not replaced by itself */
}

static void over(struct master *m)
{
	m->countries.answered = true;
	fleet_child_retire(fleet_geo(&m->fleet), RETIRE_MS);
}

void countries_made(struct master *m, int fd)
{
	struct geo_view view;
	struct sd_diag diag = {{0}};

	if (m->countries.answered || geo_table_open(fd, &view, &diag) != SD_OK) {
		(void)close(fd);
		if (!m->countries.answered)
			countries_refused(m, sd_slice_str(diag.text));
		return;
	}
	sd_log(SD_LOG_INFO, "countries", SD_FS("source", view.table->source), SD_FI("built_at", view.table->built_s),
	       SD_FI("ranges_v4", view.table->v4_count), SD_FI("ranges_v6", view.table->v6_count));
	replace(m, fd, &view);
	over(m);
}

void countries_refused(struct master *m, struct sd_slice why)
{
	char text[256];
	size_t n = SD_MIN(why.n, sizeof(text) - 1);

	memcpy(text, why.p, n);
	text[n] = '\0';
	sd_log(SD_LOG_ERROR, "countries-refused", SD_FS("path", m->server.geo_file), SD_FS("text", text),
	       SD_FS("kept", m->countries.table_fd >= 0 ? "the table in force" : "none"));
	over(m);
}

void countries_lost(struct master *m)
{
	struct countries *c = &m->countries;

	if (c->file_fd < 0 || c->answered || m->phase == MASTER_DRAINING)
		return;
	sd_log(SD_LOG_ERROR, "countries-unread", SD_FS("path", m->server.geo_file), SD_FI("tries", c->tries),
	       SD_FS("text", "who read the file ended over it; the table in force stays"));
}
