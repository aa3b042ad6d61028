/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The readers of DNS, TLS and both kinds of QUIC by themselves, and what they may tell. */
#include "names_readers.h"

#include "service/dns.h"
#include "service/gquic.h"
#include "service/quic.h"
#include "service/tls.h"
#include "wire.h"

/* Printable, in lower case, ended within its room. */
static void check_text(const char *text, size_t room)
{
	size_t chars = strnlen(text, room);

	must(chars < room);
	for (size_t i = 0; i < chars; i++)
		must(g_ascii_isgraph(text[i]));
}

static void check_host(const char *host, size_t room)
{
	check_text(host, room);
	for (const char *at = host; *at; at++)
		must(!g_ascii_isupper(*at));
}

void readers_check_facts(const struct hello_facts *facts)
{
	check_host(facts->host, DNS_HOST_BYTES);
	check_text(facts->alpn, sizeof(facts->alpn));
}

/* Does the table say of the binding's address what the binding says? */
static bool is_known(const struct names *names, uint64_t now, const struct dns_binding *binding)
{
	const struct name *name = NULL;

	while ((name = names_next(names, &binding->addr, now, name))) {
		if (name->host_count == binding->host_count &&
		    strcmp(name->hosts[0], binding->hosts[0]) == 0)
			return true;
	}
	return false;
}

void readers_dns(const uint8_t *bytes, size_t count, const struct names *names, uint64_t now)
{
	struct dns_message message;
	struct dns_binding binding;

	if (dns_open(&message, bytes, count) != ST_OK)
		return;
	while (dns_next(&message, &binding) == ST_OK) {
		must(binding.host_count >= 1 && binding.host_count <= NAMES_CHAIN_MAX);
		must(binding.addr.version == 4 || binding.addr.version == 6);
		must(binding.ttl_s <= INT32_MAX);
		for (unsigned i = 0; i < binding.host_count; i++)
			check_host(binding.hosts[i], DNS_HOST_BYTES);
		if (names && message.answers_left == 0 && message.questions_left == 0 &&
		    message.addresses.left == 0 && message.params.left == 0)
			must(is_known(names, now, &binding));
	}
}

/* A host read from a part of a message is that of the whole, or none. */
static void check_tls_prefix(const struct hello_facts *part, const struct hello_facts *whole)
{
	must(part->host[0] == '\0' || strcmp(part->host, whole->host) == 0);
	must(!part->ech || whole->ech);
	must(strncmp(part->alpn, whole->alpn, strlen(part->alpn)) == 0);
}

static void read_tls(const uint8_t *bytes, size_t count, const struct hello_facts *whole)
{
	struct hello_facts facts;

	(void)tls_begins_hello(bytes, count);
	(void)tls_check_hello(bytes, count);
	(void)tls_read_hello(bytes, count, &facts);
	readers_check_facts(&facts);
	check_tls_prefix(&facts, whole);
}

static void read_records(const uint8_t *bytes, size_t count)
{
	uint8_t *copy = wire_exact(bytes, count);
	struct tls_records records = {0};

	/* In two goes, as segments bring them. */
	if (count > 0 && tls_records_read(&records, copy, (uint32_t)count / 2) == ST_OK)
		(void)tls_records_read(&records, copy, (uint32_t)count);
	must(records.message_bytes <= records.at && records.at <= count);
	g_free(copy);
}

static void read_gquic(const uint8_t *bytes, size_t count)
{
	struct hello_facts facts;
	const uint8_t *chlo;
	size_t chlo_count;

	(void)gquic_begins_chlo(bytes, count);
	(void)gquic_read_chlo(bytes, count, &facts);
	readers_check_facts(&facts);
	if (gquic_find_chlo(bytes, count, &chlo, &chlo_count) != ST_OK)
		return;
	must(chlo >= bytes && chlo + chlo_count == bytes + count);
	(void)gquic_read_chlo(chlo, chlo_count, &facts);
	readers_check_facts(&facts);
}

static void read_quic(const uint8_t *bytes, size_t count)
{
	struct reader datagram = reader_over(bytes, count), frames = datagram;
	struct quic_crypto_frame frame;
	struct quic_initial initial;

	while (datagram.left > 0) {
		size_t left = datagram.left;

		if (quic_next_initial(&datagram, &initial) == ST_MALFORMED)
			break;
		must(datagram.left < left && initial.captured <= initial.wire);
		must(initial.bytes + initial.captured <= bytes + count);
	}
	while (quic_next_crypto(&frames, &frame) == ST_OK)
		must(frame.count == 0 ||
		     (frame.bytes >= bytes && frame.bytes + frame.count <= bytes + count));
}

/* Every reader at this many of the bytes. */
static void read_prefix(const struct input *input, size_t count)
{
	uint8_t *bytes = wire_exact(input->at, count);
	struct hello_facts whole;

	(void)tls_read_hello(input->at, input->left, &whole);
	read_tls(bytes, count, &whole);
	read_records(bytes, count);
	read_gquic(bytes, count);
	read_quic(bytes, count);
	readers_dns(bytes, count, NULL, 0);
	(void)dns_is_plausible(bytes, count, input->left);
	g_free(bytes);
}

void readers_at_prefixes(const struct input *bytes, size_t one, unsigned *work_left)
{
	if (!bytes->left)
		return;
	read_prefix(bytes, bytes->left);
	for (size_t count = 1; count<bytes->left && * work_left> 0; count++, --*work_left)
		read_prefix(bytes, count);
	read_prefix(bytes, 1 + one % bytes->left);
}
