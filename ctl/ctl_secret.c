/* SPDX-License-Identifier: MIT
 * ctl_secret - makes the master secret, once.
 * Owns:      nothing after it has returned
 * Runs in:   sessionctl
 * Fails by:  exit code 1 or 2 with a line on standard error
 * Never:     prints the secret, or replaces one: with it go all sessions */
#include "base.h"

#include "ctl_secret.h"

#include <fcntl.h>
#include <libgen.h>
#include <unistd.h>

#include "ctl_file.h"
#include "err.h"
#include "secret.h"

#define SECRET_BYTES 32

static int secret_write(const struct ctl_conf *conf, struct sd_slice secret, struct sd_diag *diag)
{
	char folder[CTL_PATH_MAX], file[CTL_PATH_MAX];
	struct ctl_file f = {.data = secret, .mode = 0600};
	int dirfd, err;

	memcpy(folder, conf->master_key_file,
	       sizeof(folder)); /* dirname and basename write into it */
	memcpy(file, conf->master_key_file, sizeof(file));
	f.name = basename(file);
	f.owner = conf->signer_known && geteuid() == 0 ? &conf->signer : NULL;
	dirfd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "%s: %s", folder, strerror(errno));
	err = ctl_file_write(dirfd, &f, diag);
	close(dirfd);
	return err;
}

int ctl_secret(const struct ctl_conf *conf, int argc, char **argv)
{
	uint8_t secret[SECRET_BYTES];
	struct sd_diag diag = {{0}};
	int err;

	if (argc != 1 || strcmp(argv[0], "new") != 0) {
		fputs("usage: sessionctl secret new\n", stderr);
		return 2;
	}
	err = sd_random(secret, sizeof(secret));
	if (err)
		(void)sd_diag_set(&diag, err, "no random bytes: %s", strerror(errno));
	else
		err = secret_write(conf, sd_slice(secret, sizeof(secret)), &diag);
	sd_wipe(secret, sizeof(secret));
	if (err) {
		fprintf(stderr, "sessionctl: %s\n", diag.text);
		return 1;
	}
	if (conf->json)
		puts("{\"written\":true}");
	else
		printf("%s: written; the same file belongs on every node\n", conf->master_key_file);
	return 0;
}
