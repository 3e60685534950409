/* SPDX-License-Identifier: MIT
 * shm_map - segments: the writer's side makes and seals them, the reader's side maps and checks. */
#ifndef SD_SHM_MAP_H
#define SD_SHM_MAP_H

#include "diag.h"
#include "shm_layout.h"
#include "slice.h"

/* Writer (shm_map_w.c, master only): a memfd of size bytes with its head filled in, mapped
 * writable at *p_out; the mapping is MADV_DONTFORK. The fd is the caller's. */
int shm_create(enum shm_kind kind, uint64_t number, size_t size, int *fd_out, void **p_out,
	       struct sd_diag *diag) SD_MUSTCHECK;
/* The same, but only the head's page is reserved: the caller reserves the rest with shm_reserve(),
 * piece by piece, before it writes there. SD_ERR_MEMORY: the machine has no more. */
int shm_create_begun(enum shm_kind kind, uint64_t number, size_t size, int *fd_out, void **p_out,
		     struct sd_diag *diag) SD_MUSTCHECK;
int shm_reserve(int fd, size_t from, size_t bytes) SD_MUSTCHECK;
/* No new writable mapping, no resize, ever; our own mapping goes on writing. */
int shm_seal_shared(int fd) SD_MUSTCHECK;
/* Nobody writes any more (unmaps *p first): for policy segments and handed-over texts. */
int shm_seal_final(int fd, void **p, size_t size) SD_MUSTCHECK;
/* A text on its way to another process: sealed for ever, read from its beginning; -1. */
int shm_text_fd(const char *name, struct sd_slice text) SD_MUSTCHECK;
/* For stats: size cannot change, one more writable mapping (the owner's) may be made. */
int shm_seal_size(int fd) SD_MUSTCHECK;

/* Reader (shm_map_r.c, any process): maps fd read-only, checks magic, version, kind, that head.size
 * is the file's size and at least min_size. SD_ERR_VERSION, SD_ERR_INVALID, SD_ERR_SYSTEM. */
int shm_map(int fd, enum shm_kind kind, size_t min_size, const void **p_out, size_t *size_out,
	    struct sd_diag *diag) SD_MUSTCHECK;
/* The owner's one writable mapping of its stats segment, before its lock-down. */
int shm_map_own_stats(int fd, struct shm_stats **out, struct sd_diag *diag) SD_MUSTCHECK;
void shm_unmap(const void **p, size_t size);

#endif
