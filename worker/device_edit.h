/* SPDX-License-Identifier: MIT
 * device_edit - a device that is registered or changed: what the two requests have in common, and a
 * device as its owner may see it. */
#ifndef SD_DEVICE_EDIT_H
#define SD_DEVICE_EDIT_H

#include "body.h"
#include "store_device.h"

struct device_edit {
	struct store_device_ask in;
	struct sd_slice plain; /* the data given, as JSON text */
	unsigned tries;
	bool made;
};

/* The fields of both, for their tables. */
enum device_field { DEVICE_NAME, DEVICE_TYPE, DEVICE_TRUST, DEVICE_DATA, DEVICE_FIELDS };

/* What was given into the edit of device id; 400 or 413 at the field. */
enum step device_edit_read(struct request *r, struct device_edit *e, struct sd_slice id,
			   const struct body_value val[DEVICE_FIELDS]) SD_MUSTCHECK;
/* The steps: the user's data key, if there is data to seal; the write; what came of it (parked until
 * this node judges sessions that live by the trust that it has now); the answer. */
enum step device_edit_key(struct request *r);
enum step device_edit_write(struct request *r);
enum step device_edit_written(struct request *r);
enum step device_edit_answer(struct request *r);

/* What a device's data is bound to beside its user. */
int device_edit_seal_id(struct sd_slice id, struct sid *out) SD_MUSTCHECK;
void device_json(struct request *r, struct sd_slice user, const struct store_device *d,
		 struct sd_slice data);

#endif
