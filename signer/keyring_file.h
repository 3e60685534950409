/* SPDX-License-Identifier: MIT
 * keyring_file - opens files of secrets, and only those that nobody else can have read. */
#ifndef SD_KEYRING_FILE_H
#define SD_KEYRING_FILE_H

#include "diag.h"

#define KEYRING_MASTER_BYTES 32

/* keys_dir/tenant/KID.pem for reading. Never through a symbolic link in tenant or file; a regular
 * file of ours or root's, with no right for group or others. SD_ERR_NOT_FOUND, SD_ERR_DENIED
 * (diag says which rule), SD_ERR_INVALID (a name that is no name). */
int keyring_file_open(const char *keys_dir, const char *tenant, const char *kid, int *fd_out,
		      struct sd_diag *diag) SD_MUSTCHECK;
void keyring_file_close(int *fd);

/* A master secret: the same rules, exactly 32 bytes. diag names the file. */
int keyring_file_master(const char *path, uint8_t out[KEYRING_MASTER_BYTES], struct sd_diag *diag)
    SD_MUSTCHECK;

#endif
