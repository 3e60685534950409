/* SPDX-License-Identifier: MIT
 * store_cmd - a script's command in the making: digest, keys, the arguments that all begin with, then
 * its own. For store*.c alone. */
#ifndef SD_STORE_CMD_H
#define SD_STORE_CMD_H

#include "redis_link.h"
#include "store_ask.h"
#include "store_key.h"
#include "store_script.h"

/* What a command is made with. */
struct store_maker {
	char prefix[STORE_PREFIX_MAX + 1];
	struct store_scripts scripts;
	char identity[33]; /* random; with the counter a candidate for a log's identity */
	uint64_t candidates;
};

#define STORE_CMD_WORDS 64
#define STORE_CMD_NUMBERS 20

/* A script's command in the making; holds every text that is not the caller's. */
struct store_cmd {
	struct redis_args args;
	const char *p[STORE_CMD_WORDS];
	size_t len[STORE_CMD_WORDS];
	unsigned numbers;
	char number[STORE_CMD_NUMBERS][24];
	struct store_key key[15];
	char candidate[64];
	char pp[3];
	char user_hash[33];
	char sid[3][HANDLE_SID_LEN + 1];
	unsigned sids;
	bool failed; /* a digest could not be made */
};

/* --- store_cmd.c --- */
struct store_cmd_head {
	enum store_script script;
	uint8_t partition;
	struct sd_slice tenant;
	int64_t retain_s;
	bool tenant_record; /* KEYS[6] */
	bool sweep_lease;   /* KEYS[6] */
};
int store_maker_init(struct store_maker *m, const char *prefix) SD_MUSTCHECK;
/* Script, keys and the first nine arguments (scripts/common.lua). */
void store_cmd_begin(struct store_cmd *c, struct store_maker *m, const struct store_cmd_head *head,
		     int64_t deadline_ms);
/* The script and how many keys alone (one): of a script that is made without common. */
void store_cmd_begin_bare(struct store_cmd *c, const struct store_maker *m, enum store_script script);
/* Words, hashes and texts are borrowed until the command was sent. */
void store_cmd_text(struct store_cmd *c, struct sd_slice word);
void store_cmd_num(struct store_cmd *c, int64_t v);
void store_cmd_sid(struct store_cmd *c, const struct sid *sid);	  /* NULL: an empty word */
void store_cmd_hash(struct store_cmd *c, const uint8_t hash[32]); /* all zero: an empty word */
void store_cmd_user(struct store_cmd *c, struct sd_slice tenant, struct sd_slice user);
/* What the user's hash is appended to: his data key, what his sessions share. */
void store_cmd_key_base(struct store_cmd *c, const struct store_maker *m,
			const struct store_cmd_head *head);
void store_cmd_shared_base(struct store_cmd *c, const struct store_maker *m,
			   const struct store_cmd_head *head);
void store_cmd_device_base(struct store_cmd *c, const struct store_maker *m,
			   const struct store_cmd_head *head);
void store_cmd_end(struct store_cmd *c, struct store_maker *m, const struct store_end *in,
		   int64_t deadline_ms);
void store_cmd_quota_base(struct store_cmd *c, const struct store_maker *m, struct sd_slice tenant);
void store_cmd_events(struct store_cmd *c, const struct store_maker *m, struct sd_slice tenant);
void store_cmd_rule(struct store_cmd *c, struct store_maker *m, const struct store_rule *in,
		    int64_t deadline_ms);

/* The command's bytes, malloc'd; whole: with the script's text. SD_ERR_MEMORY, SD_ERR_INVALID. */
int store_cmd_wire(const struct store_cmd *c, enum store_script script, bool whole,
		   struct sd_slice *out) SD_MUSTCHECK;

/* --- store_life.c --- */
struct store_clocks;
void store_cmd_clocks(struct store_cmd *c, const struct store_clocks *now);

/* --- store_quota.c --- */
struct store_quota;
void store_cmd_quota(struct store_cmd *c, struct store_maker *m, const struct store_quota *in,
		     const char *how, int64_t deadline_ms);

/* --- store_tally.c --- */
struct store_count;
void store_cmd_count(struct store_cmd *c, struct store_maker *m, const struct store_count *in,
		     int64_t deadline_ms);

/* --- store_events.c --- */
struct store_event;
void store_cmd_event(struct store_cmd *c, struct store_maker *m, const struct store_event *in,
		     int64_t deadline_ms);

#endif
