/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/domains.h"

#include <string.h>

#include <glib.h>

#include "base/container.h"

/* FNV-1a. Not secret: which names share a bucket is up to the database, not to who sends names. */
#define HASH_BASIS UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x100000001b3)

static void hash_labels(struct domain_name *name)
{
	uint64_t hash = HASH_BASIS;
	unsigned label = name->label_count;

	for (unsigned i = name->bytes; i-- > 0;) {
		hash = (hash ^ (uint8_t)name->text[i]) * HASH_PRIME;
		if (i == name->labels[label - 1].offset)
			name->labels[--label].hash = hash ^ (hash >> 32);
	}
}

static bool is_of_label(char character)
{
	return g_ascii_isalnum(character) || character == '-' || character == '_';
}

bool domain_name_read(struct domain_name *name, const char *text)
{
	unsigned label_bytes = 0;

	name->bytes = name->label_count = 0;
	for (; *text; text++) {
		bool dot = *text == '.';

		if (dot ? label_bytes == 0 : !is_of_label(*text))
			return false;
		if (dot && text[1] == '\0')
			break;
		if (name->bytes == DOMAIN_NAME_MAX)
			return false;
		if (!dot && label_bytes == 0)
			name->labels[name->label_count++].offset = (uint8_t)name->bytes;
		label_bytes = dot ? 0 : label_bytes + 1;
		if (label_bytes > DOMAIN_LABEL_MAX)
			return false;
		name->text[name->bytes++] = g_ascii_tolower(*text);
	}
	name->text[name->bytes] = '\0';
	hash_labels(name);
	return name->bytes > 0;
}

void domains_clear(struct domains *domains)
{
	hash_table_free(&domains->table);
}

void domains_insert(struct domains *domains, struct domain *domain, const struct domain_name *name)
{
	hash_table_insert(&domains->table, &domain->link, name->labels[0].hash);
}

void domains_remove(struct domains *domains, struct domain *domain)
{
	hash_table_remove(&domains->table, &domain->link);
}

struct domain *domains_at(const struct domains *domains, const struct domain_name *name,
			  unsigned label, const struct domain *previous)
{
	const char *text = name->text + name->labels[label].offset;
	struct hash_link *link;

	link = previous ? hash_table_next(&previous->link)
			: hash_table_find(&domains->table, name->labels[label].hash);
	for (; link; link = hash_table_next(link)) {
		struct domain *domain = container_of(link, struct domain, link);

		if (strcmp(domain->name, text) == 0)
			return domain;
	}
	return NULL;
}
