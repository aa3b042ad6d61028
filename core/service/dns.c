/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/dns.h"

#include <arpa/nameser.h>
#include <string.h>

#define FLAG_RESPONSE 0x8000
#define OPCODE_MASK 0x7800
#define OPCODE_SHIFT 11
#define OPCODE_LAST 6 /* RFC 8490, DSO; IANA knows none behind it */
#define RCODE_MASK 0x000f

#define QUESTION_BYTES_MIN 5 /* the root's name, type, class */
#define RECORD_BYTES_MIN 11  /* the root's name, type, class, TTL, length */

/* RFC 1035, 4.1.4 */
#define LABEL_MAX 63
#define POINTER 0xc0
/* In one name. Compression needs one or two; the bound ends loops. */
#define POINTERS_MAX 32

#define CLASS_IN 1
#define TTL_MAX_S INT32_MAX /* RFC 2181, 8: what is above counts as 0 */

enum record_type {
	RECORD_A = 1,
	RECORD_CNAME = 5,
	RECORD_AAAA = 28,
	RECORD_SVCB = 64,
	RECORD_HTTPS = 65,
};

/* SvcParamKeys (RFC 9460, 14.3.2). */
enum svcb_key {
	SVCB_IPV4_HINT = 4,
	SVCB_IPV6_HINT = 6,
};

struct record {
	const uint8_t *owner;
	uint16_t type;
	uint32_t ttl_s;
	struct reader data;
	bool cut; /* the message ends before the data does */
};

static void skip_name(const struct dns_message *message, struct reader *reader)
{
	const uint8_t *end = reader->at;

	if (ns_name_skip(&end, message->bytes + message->count) == 0)
		reader_skip(reader, (size_t)(end - reader->at));
	else
		reader_skip(reader, reader->left + 1);
}

/* False: no host's name has such a label, one with a dot inside least of all. */
static bool copy_label(char *to, const uint8_t *label, size_t chars)
{
	for (size_t i = 0; i < chars; i++) {
		if (!g_ascii_isgraph((char)label[i]) || label[i] == '.' || label[i] == '\\')
			return false;
		to[i] = g_ascii_tolower((char)label[i]);
	}
	to[chars] = '.';
	return true;
}

/*
 * The name at `at` in lower case, without the final dot. Returns the bytes that
 * it takes there; 0 if it is broken or no host can have it: the root, or one
 * with characters that are not printed. Not by ns_name_unpack(): that follows
 * pointers up to the message's length, 46 us a name where somebody wants it.
 */
static size_t read_host(const struct dns_message *message, const uint8_t *at,
			char host[DNS_HOST_BYTES])
{
	struct reader name = reader_over(at, message->count - (size_t)(at - message->bytes));
	size_t bytes = 0, chars = 0;
	unsigned pointers = 0;

	for (;;) {
		size_t length = reader_u8(&name);
		const uint8_t *label;

		if (length >= POINTER) {
			length = (length - POINTER) << 8 | reader_u8(&name);
			bytes = bytes ? bytes : (size_t)(name.at - at);
			if (name.overrun || length >= message->count || ++pointers > POINTERS_MAX)
				return 0;
			name = reader_over(message->bytes + length, message->count - length);
			continue;
		}
		label = reader_bytes(&name, length);
		if (name.overrun || length > LABEL_MAX)
			return 0;
		if (length == 0)
			break;
		if (chars + length >= DNS_HOST_BYTES || !copy_label(host + chars, label, length))
			return 0;
		chars += length + 1;
	}
	if (chars == 0)
		return 0;
	host[chars - 1] = '\0';
	return bytes ? bytes : (size_t)(name.at - at);
}

/* The next record of class IN in the answer section; false: there is none. */
static bool next_record(struct dns_message *message, struct record *record)
{
	struct reader *answers = &message->answers;

	while (message->answers_left > 0) {
		uint16_t class, bytes;

		message->answers_left--;
		record->owner = answers->at;
		skip_name(message, answers);
		record->type = reader_u16(answers);
		class = reader_u16(answers);
		record->ttl_s = reader_u32(answers);
		bytes = reader_u16(answers);
		if (answers->overrun)
			return false;
		record->cut = bytes > answers->left;
		record->data = reader_over(answers->at, MIN(bytes, answers->left));
		reader_skip(answers, bytes);
		if (record->ttl_s > TTL_MAX_S)
			record->ttl_s = 0;
		if (class == CLASS_IN)
			return true;
	}
	return false;
}

static void rewind_answers(struct dns_message *message)
{
	message->answers = message->first_answer;
	message->answers_left = message->answer_count;
}

static void collect_aliases(struct dns_message *message)
{
	struct record record;

	rewind_answers(message);
	while (message->alias_count < DNS_ALIASES_MAX && next_record(message, &record)) {
		struct dns_alias *alias = &message->aliases[message->alias_count];

		if (record.type == RECORD_CNAME && !record.cut &&
		    read_host(message, record.owner, alias->owner) &&
		    read_host(message, record.data.at, alias->target) == record.data.left)
			message->alias_count++;
	}
}

enum st_status dns_open(struct dns_message *message, const uint8_t *bytes, size_t count)
{
	struct reader reader = reader_over(bytes, count);
	uint16_t flags;

	/* Not the aliases: they are most of it, and rare. */
	memset(message, 0, offsetof(struct dns_message, aliases));
	message->bytes = bytes;
	message->count = count;
	reader_skip(&reader, 2);
	flags = reader_u16(&reader);
	message->questions_left = reader_u16(&reader);
	message->answer_count = reader_u16(&reader);
	message->answer_count = MIN(message->answer_count, DNS_RECORDS_MAX);
	reader_skip(&reader, 4);
	if (reader.overrun)
		return ST_TRUNCATED;
	if (!(flags & FLAG_RESPONSE) || flags & (OPCODE_MASK | RCODE_MASK))
		return ST_UNSUPPORTED;
	if (message->questions_left > DNS_QUESTIONS_MAX)
		return ST_MALFORMED;
	message->asked = message->questions_left > 0;
	message->questions = reader;
	for (unsigned i = 0; i < message->questions_left; i++) {
		skip_name(message, &reader);
		reader_skip(&reader, 4);
	}
	if (reader.overrun)
		return ST_TRUNCATED;
	message->first_answer = reader;
	collect_aliases(message);
	/* Each question has them read anew. */
	message->answers_left = 0;
	if (!message->asked)
		rewind_answers(message);
	return ST_OK;
}

static const char *target_of(const struct dns_message *message, const char *owner)
{
	for (unsigned i = 0; i < message->alias_count; i++) {
		if (strcmp(message->aliases[i].owner, owner) == 0)
			return message->aliases[i].target;
	}
	return NULL;
}

static const char *owner_of(const struct dns_message *message, const char *target)
{
	for (unsigned i = 0; i < message->alias_count; i++) {
		if (strcmp(message->aliases[i].target, target) == 0)
			return message->aliases[i].owner;
	}
	return NULL;
}

/* How many hosts there are from the root to this one; 0: it is not in the chain. */
static unsigned place_in_chain(const struct dns_message *message, const char *host)
{
	for (unsigned i = 0; i < message->chain_count; i++) {
		if (strcmp(message->chain[i], host) == 0)
			return i + 1;
	}
	return 0;
}

/* From the root on, as far as there is room: that ends loops too. */
static void follow_aliases(struct dns_message *message)
{
	const char *host = message->root;

	for (message->chain_count = 0; host && message->chain_count < NAMES_CHAIN_MAX;
	     host = target_of(message, host))
		message->chain[message->chain_count++] = host;
}

/* The next name that was asked for becomes the root; false: there is none. */
static bool next_question(struct dns_message *message)
{
	while (message->questions_left > 0) {
		const uint8_t *name = message->questions.at;

		message->questions_left--;
		skip_name(message, &message->questions);
		reader_skip(&message->questions, 2);
		if (reader_u16(&message->questions) != CLASS_IN ||
		    !read_host(message, name, message->root))
			continue;
		follow_aliases(message);
		rewind_answers(message);
		return true;
	}
	return false;
}

/* Without questions: what was asked for is what no other name of the message leads to. */
static void climb_from(struct dns_message *message, const char *host)
{
	const char *owner = owner_of(message, host);

	for (unsigned i = 1; owner && i < NAMES_CHAIN_MAX; i++) {
		host = owner;
		owner = owner_of(message, host);
	}
	g_strlcpy(message->root, host, sizeof(message->root));
	follow_aliases(message);
}

/* Sets the names that lead to the record; false: none that was asked for does. */
static bool find_hosts(struct dns_message *message, const struct record *record)
{
	char owner[DNS_HOST_BYTES];

	if (!read_host(message, record->owner, owner))
		return false;
	if (!message->asked && !place_in_chain(message, owner))
		climb_from(message, owner);
	message->host_count = place_in_chain(message, owner);
	return message->host_count > 0;
}

static void set_addresses(struct dns_message *message, uint8_t version, struct reader run)
{
	message->addr_version = version;
	message->addresses = run;
}

/* RFC 9460, 2.2: priority, where 0 makes it an alias without parameters, target, parameters. */
static void open_params(struct dns_message *message, const struct record *record)
{
	struct reader data = record->data;
	uint16_t priority = reader_u16(&data);

	skip_name(message, &data);
	if (data.overrun || priority == 0)
		return;
	message->params = data;
	message->params_cut = record->cut;
	message->last_param = -1;
}

static void open_record(struct dns_message *message, const struct record *record)
{
	size_t bytes = record->cut ? 0 : record->data.left;

	message->ttl_s = record->ttl_s;
	if (record->type == RECORD_A && bytes == 4)
		set_addresses(message, 4, record->data);
	else if (record->type == RECORD_AAAA && bytes == 16)
		set_addresses(message, 6, record->data);
	else if (record->type == RECORD_SVCB || record->type == RECORD_HTTPS)
		open_params(message, record);
}

static bool has_addresses(uint16_t type)
{
	return type == RECORD_A || type == RECORD_AAAA || type == RECORD_SVCB ||
	       type == RECORD_HTTPS;
}

/* Goes to the next parameter, whose addresses may be hints; false: it was the last, or is broken.
 */
static bool next_param(struct dns_message *message)
{
	struct reader *params = &message->params, value;
	uint16_t key = reader_u16(params), bytes = reader_u16(params);
	bool cut = bytes > params->left;
	size_t size = key == SVCB_IPV4_HINT ? 4 : 16;

	/* RFC 9460, 2.2: the keys stand in ascending order, each once. */
	if (params->overrun || key <= message->last_param || (cut && !message->params_cut)) {
		params->left = 0;
		return false;
	}
	message->last_param = key;
	value = reader_over(params->at, MIN(bytes, params->left));
	reader_skip(params, bytes);
	if ((key == SVCB_IPV4_HINT || key == SVCB_IPV6_HINT) && bytes % size == 0)
		set_addresses(message, size == 4 ? 4 : 6, value);
	return true;
}

static bool next_address(struct dns_message *message, struct st_addr *addr)
{
	size_t count = message->addr_version == 4 ? 4 : 16;
	const uint8_t *bytes;

	if (message->addresses.left == 0)
		return false;
	bytes = reader_bytes(&message->addresses, count);
	if (!bytes)
		return false;
	*addr = (struct st_addr){.version = message->addr_version};
	memcpy(addr->bytes, bytes, count);
	return true;
}

/* Goes on to where the next address may be; false: the message is at its end. */
static bool go_on(struct dns_message *message)
{
	struct record record;

	if (message->params.left > 0 && next_param(message))
		return true;
	while (next_record(message, &record)) {
		if (has_addresses(record.type) && find_hosts(message, &record)) {
			open_record(message, &record);
			return true;
		}
	}
	return next_question(message);
}

enum st_status dns_next(struct dns_message *message, struct dns_binding *binding)
{
	if (message->told == DNS_RECORDS_MAX)
		return ST_NONE;
	while (!next_address(message, &binding->addr)) {
		if (!go_on(message))
			return ST_NONE;
	}
	message->told++;
	binding->ttl_s = message->ttl_s;
	binding->hosts = message->chain;
	binding->host_count = message->host_count;
	return ST_OK;
}

bool dns_is_plausible(const uint8_t *bytes, size_t count, size_t length)
{
	struct reader reader = reader_over(bytes, count);
	uint16_t flags, questions;
	uint32_t records;

	reader_skip(&reader, 2);
	flags = reader_u16(&reader);
	questions = reader_u16(&reader);
	records = reader_u16(&reader);
	records += reader_u16(&reader);
	records += reader_u16(&reader);
	if (length < DNS_HEADER_BYTES)
		return false;
	if (reader.overrun)
		return true;
	return flags & FLAG_RESPONSE && (flags & OPCODE_MASK) >> OPCODE_SHIFT <= OPCODE_LAST &&
	       questions <= DNS_QUESTIONS_MAX &&
	       questions * QUESTION_BYTES_MIN + records * RECORD_BYTES_MIN <=
		       length - DNS_HEADER_BYTES;
}
