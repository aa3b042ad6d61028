/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that reads names from packets: the listener to DNS (datagrams,
 * fragments, streams), the finders of ClientHellos with several flows at once,
 * and the readers below them at any prefix of any bytes. The input is a list of
 * steps; QUIC's frames are the fuzzer's, their protection is made here.
 */
#include "craft.h"
#include "input.h"
#include "names_readers.h"
#include "quic_lab.h"

#include "base/container.h"
#include "service/dns_stream.h"
#include "service/fragments.h"
#include "service/hello_pending.h"
#include "service/resolver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MAX 200
#define PAYLOAD_MAX 2048 /* of one packet; with its headers it fits a struct wire */
#define FRAMES_MAX 1400	 /* of one packet of QUIC */
#define ENDS 8		 /* of flows, each of TCP and of QUIC */
#define CROWD (HELLOS_MAX + 100)
#define WORK_MAX 1500 /* packets of crowds and prefixes read, in one run: it is to be short */

struct run {
	struct names *names;
	struct resolver *resolver;
	struct fragments fragments; /* the resolver's own cannot be looked into */
	struct dns_streams streams;
	struct hello_pool pool;
	struct hello *tcp[ENDS], *udp[ENDS], *crowd[CROWD];
	uint64_t now;
	unsigned work_left;
};

/* A packet on its way to what is tested: bytes that end where the heap's block does. */
struct shown {
	uint8_t *bytes;
	struct st_frame frame;
	struct st_packet packet;
};

/* Cut by `cut` bytes at its end. False: not even its headers are there. */
static bool show(struct shown *shown, const struct wire *wire, size_t cut)
{
	size_t captured = wire->count - MIN(cut, wire->count);

	shown->bytes = wire_exact(wire->bytes, captured);
	shown->frame = (struct st_frame){
		.bytes = shown->bytes,
		.captured_bytes = (uint32_t)captured,
		.wire_bytes = (uint32_t)wire->count,
		.link_type = ST_LINK_RAW,
	};
	return st_packet_decode(&shown->frame, &shown->packet) == ST_OK;
}

static void check_pending(const struct run *run)
{
	const struct hello_pool *pool = &run->pool;

	must(pool->pending.length <= HELLOS_MAX);
	for (const GList *link = pool->pending.head; link; link = link->next) {
		const struct hello *hello = container_of(link, struct hello, link);

		must(*hello->owner == hello && hello_mark_number(hello) < 0);
		must(hello->bytes.capacity <= HELLO_BYTES_MAX);
		must(hello->message_bytes <= assembly_prefix(&hello->bytes));
	}
}

static void check_bounds(const struct run *run)
{
	must(names_count(run->names) <= NAMES_MAX);
	must(run->fragments.oldest_first.length <= FRAGMENTS_MAX);
	must(run->streams.silent_first.length <= DNS_STREAMS_MAX);
	must(run->pool.pending.length <= HELLOS_MAX);
}

static void hear_dns(struct run *run, const struct shown *shown)
{
	if (resolver_wants(&shown->packet))
		(void)resolver_take(run->resolver, &shown->packet, &shown->frame, run->now);
}

/* Answers go to one of a few clients; one in sixteen comes from another port. */
static struct craft_ends dns_ends(uint8_t what)
{
	return (struct craft_ends){
		.is_v6 = what & 1,
		.net = 10,
		.source = 53,
		.destination = what >> 1 & 3,
		.source_port = what >> 4 == 15 ? 5353 : DNS_PORT,
		.destination_port = (uint16_t)(1024 + (what >> 3 & 1)),
	};
}

static void show_answer(struct run *run, struct input *input)
{
	struct craft_ends ends = dns_ends(take(input));
	size_t cut = take(input);
	struct input payload = take_part(input, take_u16(input) % PAYLOAD_MAX);
	struct wire wire = {0};
	struct shown shown;

	craft_udp(&wire, &ends, payload.left);
	wire_bytes(&wire, payload.at, payload.left);
	if (show(&shown, &wire, cut)) {
		hear_dns(run, &shown);
		if (resolver_wants(&shown.packet))
			readers_dns(shown.bytes + shown.packet.payload_offset,
				    shown.packet.payload_captured, run->names, run->now);
	}
	g_free(shown.bytes);
}

static void hear_segment(struct run *run, const struct shown *shown)
{
	struct reader message;

	hear_dns(run, shown);
	if (shown->packet.is_fragment || shown->packet.protocol != ST_PROTOCOL_TCP)
		return;
	dns_streams_take(&run->streams, &shown->packet, &shown->frame);
	while (dns_streams_next(&run->streams, &message))
		readers_dns(message.at, message.left, NULL, 0);
	(void)dns_streams_settle(&run->streams);
}

/* The low bits of the sequence number are the fuzzer's: streams begin at 0 or before. */
static void show_stream(struct run *run, struct input *input)
{
	struct craft_ends ends = dns_ends(take(input));
	uint8_t flags = take(input), cut = take(input);
	uint32_t seq = take_u16(input);
	struct input payload = take_part(input, take_u16(input) % PAYLOAD_MAX);
	struct wire wire = {0};
	struct shown shown;

	craft_tcp(&wire, &ends, flags & 0x80 ? seq - 0x8000 : seq, 1, flags & 0x7f, payload.left);
	wire_bytes(&wire, payload.at, payload.left);
	if (show(&shown, &wire, cut))
		hear_segment(run, &shown);
	g_free(shown.bytes);
}

static void hear_fragment(struct run *run, const struct shown *shown)
{
	struct reader datagram;

	hear_dns(run, shown);
	if (shown->packet.is_fragment && shown->packet.protocol == ST_PROTOCOL_UDP &&
	    fragments_add(&run->fragments, &shown->packet, &shown->frame, run->now, &datagram) ==
		    FRAGMENT_WHOLE)
		readers_dns(datagram.at, datagram.left, NULL, 0);
}

/* What it holds of the datagram, its UDP header included, is the input's. */
static void show_fragment(struct run *run, struct input *input)
{
	struct craft_ends ends = dns_ends(take(input));
	uint8_t what = take(input), cut = take(input);
	struct craft_piece piece = {
		.id = what >> 2,
		.offset = (uint16_t)(take_u16(input) & 0xfff8),
		.more = what & 1,
	};
	struct input payload = take_part(input, take_u16(input) % PAYLOAD_MAX);
	struct wire wire = {0};
	struct shown shown;

	craft_ip(&wire, &ends, ST_PROTOCOL_UDP, payload.left, &piece);
	wire_bytes(&wire, payload.at, payload.left);
	if (show(&shown, &wire, what & 2 ? cut : 0))
		hear_fragment(run, &shown);
	g_free(shown.bytes);
}

static void check_verdict(struct run *run, enum hello_verdict verdict, struct hello *const *hello,
			  const struct hello_facts *facts)
{
	if (verdict == HELLO_READ) {
		must(!*hello);
		readers_check_facts(facts);
	}
	must(run->pool.pending.length <= HELLOS_MAX);
}

static void hear_hello(struct run *run, struct hello **hello, const struct shown *shown,
		       const uint32_t *start)
{
	struct hello_facts facts;
	enum hello_verdict verdict;

	memset(&facts, 0xff, sizeof(facts));
	if (shown->packet.protocol == ST_PROTOCOL_TCP)
		verdict =
			hello_tcp(&run->pool, hello, &shown->packet, &shown->frame, start, &facts);
	else
		verdict = hello_udp(&run->pool, hello, &shown->packet, &shown->frame, &facts);
	check_verdict(run, verdict, hello, &facts);
}

static const struct craft_ends hello_ends = {
	.net = 10, .source = 2, .destination = 9, .source_port = 4000, .destination_port = 443};

/* A segment of one of the ends; where its stream begins may be known. */
static void show_hello(struct run *run, struct input *input)
{
	static const uint32_t start = 0x1000;
	uint8_t what = take(input), cut = take(input);
	uint32_t seq = take_u16(input);
	struct input payload = take_part(input, take_u16(input) % PAYLOAD_MAX);
	struct wire wire = {0};
	struct shown shown;

	craft_tcp(&wire, &hello_ends, seq, 1, what & 0x10 ? 0x02 : 0x18, payload.left);
	wire_bytes(&wire, payload.at, payload.left);
	if (show(&shown, &wire, cut))
		hear_hello(run, &run->tcp[what % ENDS], &shown, what & 8 ? &start : NULL);
	g_free(shown.bytes);
}

/* What cannot be cut away one by one: the capture has `cut` bytes less. */
static void hear_datagram(struct run *run, const struct wire *payload, uint8_t end, size_t cut)
{
	struct wire wire = {0};
	struct shown shown;

	craft_udp(&wire, &hello_ends, payload->count);
	wire_bytes(&wire, payload->bytes, payload->count);
	if (show(&shown, &wire, cut))
		hear_hello(run, &run->udp[end % ENDS], &shown, NULL);
	g_free(shown.bytes);
}

static void show_datagram(struct run *run, struct input *input)
{
	uint8_t what = take(input), cut = take(input);
	struct input payload = take_part(input, take_u16(input) % PAYLOAD_MAX);
	struct wire wire = {0};

	wire_bytes(&wire, payload.at, payload.left);
	if (what & 0x80 && wire.count < QUIC_DATAGRAM_MIN)
		wire_fill(&wire, 0, QUIC_DATAGRAM_MIN - wire.count);
	hear_datagram(run, &wire, what, cut);
}

/* Versions with all that they differ in. */
static const struct sealing versions[] = {
	{.version = 0x00000001},
	{.version = 0x6b3343cf, .salt = SALT_2, .label = "quicv2", .type = 1},
	{.version = 0xff00001d, .salt = SALT_DRAFT_29},
	{.version = 0xff000017, .salt = SALT_DRAFT_23},
	{.version = 0xff000021},
	{.version = 0x51303530, .salt = SALT_Q050},
	{.version = 0x54303530, .salt = SALT_T050},
	{.version = 0x54303531, .salt = SALT_T051},
};

/* Appends one protected packet, an Initial as a rule, of at least `padded` bytes of frames. */
static void put_packet(struct wire *wire, struct input *input, size_t padded)
{
	static const char *const ids[] = {"client's", "another."};
	static const uint32_t numbers[] = {0, 1, 2, 255, 256, 510, 512, 0x80000000};
	uint8_t what = take(input), how = take(input);
	struct sealing sealing = versions[what % G_N_ELEMENTS(versions)];
	struct input frames = take_part(input, take_u16(input) % FRAMES_MAX);
	GByteArray *plain = g_byte_array_new(), *packet;

	sealing.keys_of = ids[what >> 3 & 1];
	sealing.dcid = ids[what >> 4 & 1];
	sealing.number = numbers[how >> 3 & 7];
	sealing.number_bytes = 1 + (how & 3);
	sealing.token_bytes = how & 4 ? 16 : 0;
	sealing.type = (sealing.type + (how >> 6)) & 3;
	if (frames.left > 0)
		lab_append(plain, frames.at, frames.left);
	else
		lab_number(plain, 0, 1);
	packet = quic_lab_seal(&sealing, plain, MAX(padded, 4));
	wire_bytes(wire, packet->data, packet->len);
	g_byte_array_free(packet, TRUE);
}

/* One or two packets in a datagram. */
static void show_initial(struct run *run, struct input *input)
{
	uint8_t what = take(input), cut = take(input);
	size_t padded = what & 8 ? 0 : QUIC_DATAGRAM_MIN;
	struct wire wire = {0};

	put_packet(&wire, input, what & 0x10 ? 0 : padded);
	if (what & 0x10)
		put_packet(&wire, input, padded > wire.count ? padded - wire.count : 0);
	hear_datagram(run, &wire, what, what & 0x20 ? 4u * cut : 0);
}

/* The kinds of crowds: what goes beyond the bounds of each table. */
enum { CROWD_FRAGMENTS, CROWD_STREAMS, CROWD_HELLOS, CROWD_KINDS };

/*
 * One of a crowd: the same bytes from an end of its own, or, with `is_one`, at
 * another place of what one end sends, with gaps between.
 */
static void show_one(struct run *run, unsigned kind, bool is_one, uint16_t number,
		     const struct input *payload)
{
	struct craft_piece piece = {
		.id = is_one ? 0 : (uint8_t)number,
		.offset = (uint16_t)(is_one ? number * 16 : 0),
		.more = true,
	};
	struct craft_ends ends = dns_ends(0);
	struct wire wire = {0};
	struct shown shown;
	bool is_shown;

	ends.destination_port = is_one ? 1 : number;
	if (kind == CROWD_FRAGMENTS)
		craft_ip(&wire, &ends, ST_PROTOCOL_UDP, payload->left, &piece);
	else
		craft_tcp(&wire, &ends, is_one ? number * 32u : 0, 1, 0x18, payload->left);
	wire_bytes(&wire, payload->at, payload->left);
	is_shown = show(&shown, &wire, 0);
	if (is_shown && kind == CROWD_FRAGMENTS)
		hear_fragment(run, &shown);
	else if (is_shown && kind == CROWD_STREAMS)
		hear_segment(run, &shown);
	else if (is_shown)
		hear_hello(run, &run->crowd[is_one ? 0 : number], &shown, NULL);
	g_free(shown.bytes);
}

static void show_crowd(struct run *run, struct input *input)
{
	static const unsigned most[CROWD_KINDS] = {
		[CROWD_FRAGMENTS] = FRAGMENTS_MAX + 20,
		[CROWD_STREAMS] = DNS_STREAMS_MAX + 20,
		[CROWD_HELLOS] = CROWD,
	};
	uint8_t what = take(input), times = take(input);
	struct input payload = take_part(input, take(input));
	unsigned kind = what % CROWD_KINDS;

	for (unsigned i = 0; i < MIN(times * 5u, most[kind]) && run->work_left > 0; i++) {
		run->work_left--;
		show_one(run, kind, what & 0x80, (uint16_t)i, &payload);
	}
}

static void read_at_prefixes(struct run *run, struct input *input)
{
	size_t one = take_u16(input);
	struct input bytes = take_part(input, take_u16(input));

	readers_at_prefixes(&bytes, one, &run->work_left);
}

/* An address gets more names than one may have. */
static void learn_many(struct run *run, struct input *input)
{
	struct st_addr addr = {.version = 4, .bytes = {10, 0, 0, take(input)}};
	unsigned times = take(input), hosts = 1 + take(input) % NAMES_CHAIN_MAX;
	const char *names[NAMES_CHAIN_MAX];
	char host[32];

	for (unsigned i = 0; i < times; i++) {
		g_snprintf(host, sizeof(host), "%u.Test", i);
		for (unsigned j = 0; j < hosts; j++)
			names[j] = host;
		names_learn(run->names, &addr, &addr, names, hosts, i,
			    i % 16 ? ST_EVIDENCE_DNS : ST_EVIDENCE_OPTION, run->now);
	}
}

static void step(struct run *run, struct input *input)
{
	uint8_t kind = take(input);
	uint64_t count;

	switch (kind % 11) {
	case 0:
		show_answer(run, input);
		break;
	case 1:
		show_stream(run, input);
		break;
	case 2:
		show_fragment(run, input);
		break;
	case 3:
		show_hello(run, input);
		break;
	case 4:
		show_datagram(run, input);
		break;
	case 5:
		show_initial(run, input);
		break;
	case 6:
		count = take(input);
		hello_drop(&run->pool,
			   count & 0x80 ? &run->udp[count % ENDS] : &run->tcp[count % ENDS]);
		break;
	case 7:
		count = take(input);
		run->now += count * count * ST_NS_PER_S;
		break;
	case 8:
		show_crowd(run, input);
		break;
	case 9:
		read_at_prefixes(run, input);
		break;
	default:
		learn_many(run, input);
	}
}

static void begin(struct run *run)
{
	*run = (struct run){.now = ST_NS_PER_S, .names = names_new(0), .work_left = WORK_MAX};
	run->resolver = resolver_new(run->names);
	fragments_init(&run->fragments, 1, DNS_PORT);
	dns_streams_init(&run->streams, 2);
	hello_crypto_init();
}

/* Nothing may be left: LeakSanitizer looks. */
static void end(struct run *run)
{
	check_pending(run);
	for (unsigned i = 0; i < ENDS; i++) {
		hello_drop(&run->pool, &run->tcp[i]);
		hello_drop(&run->pool, &run->udp[i]);
		must(!run->tcp[i] && !run->udp[i]);
	}
	hello_pool_clear(&run->pool);
	must(run->pool.pending.length == 0);
	dns_streams_clear(&run->streams);
	fragments_clear(&run->fragments);
	resolver_free(run->resolver);
	names_free(run->names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	struct run run;

	begin(&run);
	for (unsigned i = 0; i < STEPS_MAX && input.left; i++) {
		step(&run, &input);
		check_bounds(&run);
	}
	end(&run);
	return 0;
}
