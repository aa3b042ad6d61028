/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of domain names, asked by label: which of them are this host name or
 * lie above it? The names are embedded in what they belong to. A host name is
 * hashed once, from its end on, which gives the hash of every name above it.
 */
#ifndef ST_SERVICE_DOMAINS_H
#define ST_SERVICE_DOMAINS_H

#include <stdbool.h>

#include "base/hash.h"

/* RFC 1035, 2.3.4: 255 bytes with their lengths are 253 characters, in labels of at most 63. */
#define DOMAIN_NAME_MAX 253
#define DOMAIN_LABEL_MAX 63
#define DOMAIN_LABELS_MAX 127

/* A host name, checked and in lower case, ready to be looked up any number of times. */
struct domain_name {
	char text[DOMAIN_NAME_MAX + 1]; /* without the final dot */
	unsigned bytes;
	unsigned label_count;
	struct {
		uint64_t hash;	     /* of text from here to the end */
		uint8_t offset;	     /* of the label in text */
	} labels[DOMAIN_LABELS_MAX]; /* 0: the whole name */
};

/*
 * False: `text` is no name of labels of letters, digits, '-' and '_' within the
 * limits above; a final dot is allowed. `name` is not to be used then.
 */
bool domain_name_read(struct domain_name *name, const char *text);

/* To be embedded; name is the holder's, in lower case, without a final dot. */
struct domain {
	struct hash_link link;
	const char *name;
};

/* Zero-initialise. The holders remain their owners'. */
struct domains {
	struct hash_table table;
};

void domains_clear(struct domains *domains);

/* `name` is that of `domain`, read. Several domains may have the same name. */
void domains_insert(struct domains *domains, struct domain *domain, const struct domain_name *name);

/* The domain must be in the table. */
void domains_remove(struct domains *domains, struct domain *domain);

/*
 * Walks the domains that are what remains of `name` from its label `label` on,
 * in no order; `previous` NULL begins. NULL: no further one.
 */
struct domain *domains_at(const struct domains *domains, const struct domain_name *name,
			  unsigned label, const struct domain *previous);

#endif
