/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the seeds of fuzz_names.c into the folder that is named: lists of steps
 * as it reads them. Nothing in them comes from a real capture.
 */
#include "dns_wire.h"
#include "seeds.h"
#include "service_lab.h"

/* Steps of fuzz_names.c. */
enum {
	NAMES_ANSWER,
	NAMES_STREAM,
	NAMES_FRAGMENT,
	NAMES_HELLO,
	NAMES_DATAGRAM,
	NAMES_INITIAL,
	NAMES_DROP,
	NAMES_PAUSE,
	NAMES_CROWD,
	NAMES_READ,
	NAMES_LEARN,
};

static void put_payload(struct wire *seed, const struct wire *payload, size_t from, size_t to)
{
	wire_u16(seed, (unsigned)(to - from));
	wire_bytes(seed, payload->bytes + from, to - from);
}

static void put_answer_step(struct wire *seed, const struct wire *message)
{
	wire_u8(seed, NAMES_ANSWER);
	wire_u8(seed, 2);
	wire_u8(seed, 0);
	put_payload(seed, message, 0, message->count);
}

static struct wire alias_message(void)
{
	struct wire message = {0};

	dns_wire_header(&message, DNS_FLAGS, 1, 3);
	dns_wire_question(&message, "www.video.test", DNS_TYPE_A);
	dns_wire_alias(&message, "@12", "Edge.Video-CDN.test");
	dns_wire_address(&message, "edge.video-cdn.test", "192.0.2.7", 60);
	dns_wire_address(&message, "edge.video-cdn.test", "2001:db8::7", 60);
	return message;
}

/* As some servers send it: no question, and the aliases behind the address. */
static struct wire unasked_message(void)
{
	struct wire message = {0};

	dns_wire_header(&message, DNS_FLAGS, 0, 3);
	dns_wire_address(&message, "c.test", "192.0.2.7", 60);
	dns_wire_alias(&message, "b.test", "c.test");
	dns_wire_alias(&message, "a.test", "b.test");
	return message;
}

static struct wire https_message(void)
{
	struct wire message = {0};
	size_t at;

	dns_wire_header(&message, DNS_FLAGS, 1, 1);
	dns_wire_question(&message, "video.test", DNS_TYPE_HTTPS);
	at = dns_wire_record(&message, "@12", DNS_TYPE_HTTPS, 300);
	wire_u16(&message, 1);
	wire_u8(&message, 0);
	wire_u32(&message, 0x00010003); /* alpn: h2 */
	wire_bytes(&message, "\2h2", 3);
	wire_u32(&message, 0x00040008); /* two addresses */
	wire_u32(&message, 0xc0000208);
	wire_u32(&message, 0xc0000209);
	wire_u32(&message, 0x00060010);
	wire_fill(&message, 0x20, 16);
	dns_wire_end(&message, at);
	return message;
}

static void put_segment(struct wire *seed, unsigned flags, unsigned seq, const struct wire *stream,
			size_t from, size_t to)
{
	wire_u8(seed, NAMES_STREAM);
	wire_u8(seed, 0);
	wire_u8(seed, flags);
	wire_u8(seed, 0);
	wire_u16(seed, seq + (unsigned)from + (flags == 0x12 ? 0 : 1));
	put_payload(seed, stream, from, to);
}

/* Two messages in three segments, the last of which overtakes. */
static void write_stream(const char *folder)
{
	struct wire message = alias_message(), stream = {0}, seed = {0};

	for (unsigned i = 0; i < 2; i++) {
		wire_u16(&stream, (unsigned)message.count);
		wire_bytes(&stream, message.bytes, message.count);
	}
	put_segment(&seed, 0x12, 100, &stream, 0, 0);
	put_segment(&seed, 0x18, 100, &stream, 0, 40);
	put_segment(&seed, 0x18, 100, &stream, message.count + 2, stream.count);
	put_segment(&seed, 0x19, 100, &stream, 40, message.count + 2);
	write_seed(folder, "stream", &seed);
	put_segment(&seed, 0x18, 100, &stream, message.count + 2, stream.count);
	put_segment(&seed, 0x14, 100, &stream, 0, 0);
	write_seed(folder, "stream-joined", &seed);
}

static void put_fragment(struct wire *seed, unsigned what, const struct wire *datagram, size_t from,
			 size_t to)
{
	wire_u8(seed, NAMES_FRAGMENT);
	wire_u8(seed, what >> 8);
	wire_u8(seed, what & 0xff);
	wire_u8(seed, 0);
	wire_u16(seed, (unsigned)from);
	put_payload(seed, datagram, from, to);
}

static void write_fragments(const char *folder)
{
	struct wire message = https_message(), datagram = {0}, seed = {0};

	wire_u16(&datagram, 53);
	wire_u16(&datagram, 1024);
	wire_u16(&datagram, (unsigned)message.count + 8);
	wire_u16(&datagram, 0);
	wire_bytes(&datagram, message.bytes, message.count);
	for (unsigned ip6 = 0; ip6 < 2; ip6++) {
		put_fragment(&seed, ip6 << 8 | 4, &datagram, 48, datagram.count);
		put_fragment(&seed, ip6 << 8 | 5, &datagram, 0, 24);
		put_fragment(&seed, ip6 << 8 | 5, &datagram, 24, 48);
	}
	write_seed(folder, "fragments", &seed);
}

static void put_hello_step(struct wire *seed, unsigned what, unsigned seq,
			   const struct wire *stream, size_t from, size_t to)
{
	wire_u8(seed, NAMES_HELLO);
	wire_u8(seed, what);
	wire_u8(seed, 0);
	wire_u16(seed, seq + (unsigned)from);
	put_payload(seed, stream, from, to);
}

static void write_hellos(const char *folder)
{
	struct wire hello = {0}, seed = {0};

	put_hello(&hello, "www.Video.test", true);
	put_hello_step(&seed, 0, 0x1000, &hello, 0, hello.count);
	write_seed(folder, "hello", &seed);
	put_hello_step(&seed, 8, 0x1000, &hello, 60, hello.count);
	put_hello_step(&seed, 8, 0x1000, &hello, 0, 60);
	put_hello_step(&seed, 1, 0x2000, &hello, 0, 30);
	wire_u8(&seed, NAMES_DROP);
	wire_u8(&seed, 1);
	put_hello_step(&seed, 2, 0x2000, &hello, 3, 60);
	put_hello_step(&seed, 2, 0x2000, &hello, 0, 3);
	put_hello_step(&seed, 2, 0x2000, &hello, 60, hello.count);
	write_seed(folder, "hello-pieces", &seed);
	put_hello_step(&seed, 3, 0x2000, &hello, 0, 20);
	put_hello_step(&seed, 3, 0x1fdc, &hello, 20, 80); /* begins before it */
	for (unsigned i = 0; i < 11; i++)
		put_hello_step(&seed, 3, 0x2800 + i, &hello, 0, 1); /* what is missing is lost */
	write_seed(folder, "hello-overtaken", &seed);
}

/* More protocols than are kept. */
static void write_alpn(const char *folder)
{
	struct wire hello = {0}, list = {0}, seed = {0};

	for (unsigned i = 0; i < 16; i++) {
		wire_u8(&list, 10);
		wire_bytes(&list, "protocol-x", 10);
	}
	put_hello(&hello, "www.video.test", false);
	hello.count = 5 + 4 + 2 + 32 + 1 + 4 + 2;
	wire_u16(&hello, (unsigned)list.count + 6);
	wire_u16(&hello, 16);
	wire_u16(&hello, (unsigned)list.count + 2);
	wire_u16(&hello, (unsigned)list.count);
	wire_bytes(&hello, list.bytes, list.count);
	wire_set_u16(&hello, 3, (unsigned)hello.count - 5);
	wire_set_u16(&hello, 7, (unsigned)hello.count - 9);
	put_hello_step(&seed, 0, 0x1000, &hello, 0, hello.count);
	write_seed(folder, "hello-alpn", &seed);
}

/* Of the handshake's message, the bytes from `from` up to `to`. */
static void put_crypto(struct wire *frames, const struct wire *record, size_t from, size_t to)
{
	wire_u8(frames, 6);
	wire_u16(frames, 0x4000u | (unsigned)from);
	wire_u16(frames, 0x4000u | (unsigned)(to - from));
	wire_bytes(frames, record->bytes + 5 + from, to - from);
}

static void put_packet(struct wire *seed, unsigned version, unsigned how, const struct wire *frames)
{
	wire_u8(seed, version);
	wire_u8(seed, how);
	put_payload(seed, frames, 0, frames->count);
}

static void begin_initial(struct wire *seed, unsigned what)
{
	wire_u8(seed, NAMES_INITIAL);
	wire_u8(seed, what);
	wire_u8(seed, 0);
}

static void write_initials(const char *folder)
{
	/* 256, 255, 510, 512, 2^31: one byte, two, or four of them are sent */
	static const uint8_t numbers[] = {0x21, 0x18, 0x29, 0x30, 0x3b};
	struct wire hello = {0}, all = {0}, first = {0}, second = {0}, seed = {0};

	put_hello(&hello, "www.video.test", false);
	put_crypto(&all, &hello, 0, hello.count - 5);
	wire_bytes(&second, "\2\0\0\0\0\1", 6); /* ACK, PING */
	put_crypto(&second, &hello, 40, hello.count - 5);
	put_crypto(&first, &hello, 0, 40);
	for (unsigned version = 0; version < 8; version++) {
		begin_initial(&seed, version);
		put_packet(&seed, version, 7, &all);
	}
	write_seed(folder, "initials", &seed);
	begin_initial(&seed, 0);
	put_packet(&seed, 0, 8, &second);
	begin_initial(&seed, 0);
	put_packet(&seed, 1, 17, &first); /* the other version, the same keys' id */
	begin_initial(&seed, 0x11);
	put_packet(&seed, 0, 8, &second);
	put_packet(&seed, 0, 17, &first);
	begin_initial(&seed, 2);
	put_packet(&seed, 0, 8, &second);
	begin_initial(&seed, 0x12); /* a Handshake packet ends the waiting */
	put_packet(&seed, 0, 128, &first);
	put_packet(&seed, 0, 9, &first);
	write_seed(folder, "initials-pieces", &seed);
	wire_u8(&seed, NAMES_INITIAL);
	wire_u8(&seed, 0x20);
	wire_u8(&seed, 100); /* a snap length */
	put_packet(&seed, 0, 9, &all);
	write_seed(folder, "initials-cut", &seed);
	for (unsigned i = 0; i < sizeof(numbers); i++) {
		begin_initial(&seed, 3);
		put_packet(&seed, 0, numbers[i], &first);
	}
	write_seed(folder, "initials-numbers", &seed);
}

static struct wire chlo(void)
{
	struct wire message = {0};

	wire_bytes(&message, "CHLO\2\0\0\0", 8);
	wire_bytes(&message, "PAD\0\4\0\0\0SNI\0\16\0\0\0", 16);
	wire_bytes(&message, "----video.test", 14);
	return message;
}

static void write_gquic(const char *folder)
{
	static const char q043[] = "\x09"
				   "conn-id.Q043\1hash-hash---\xa0\1\0\46";
	static const char q046[] = "\xc3Q046\x50"
				   "conn-id.\0\0\0\1hash-hash---\xa0\1\0\46";
	struct wire message = chlo(), frames = {0}, payload = {0}, seed = {0};

	wire_bytes(&payload, q043, 14);
	wire_bytes(&payload, q043 + 14, 16);
	wire_bytes(&payload, message.bytes, message.count);
	wire_u8(&seed, NAMES_DATAGRAM);
	wire_u16(&seed, 0x8000);
	put_payload(&seed, &payload, 0, payload.count);
	payload.count = 0;
	wire_bytes(&payload, q046, sizeof(q046) - 1);
	wire_bytes(&payload, message.bytes, message.count);
	wire_u8(&seed, NAMES_DATAGRAM);
	wire_u16(&seed, 0x8000);
	put_payload(&seed, &payload, 0, payload.count);
	wire_u8(&frames, 6);
	wire_u8(&frames, 0);
	wire_u8(&frames, (unsigned)message.count);
	wire_bytes(&frames, message.bytes, message.count);
	begin_initial(&seed, 1);
	put_packet(&seed, 5, 0, &frames);
	write_seed(folder, "gquic", &seed);
}

static void put_read(struct wire *seed, const struct wire *bytes)
{
	wire_u8(seed, NAMES_READ);
	wire_u16(seed, 0);
	put_payload(seed, bytes, 0, bytes->count);
}

static void write_reads(const char *folder)
{
	struct wire answer = alias_message(), https = https_message(), message = chlo();
	struct wire hello = {0}, body = {0}, seed = {0};

	put_hello(&hello, "www.video.test", true);
	wire_bytes(&body, hello.bytes + 5, hello.count - 5);
	put_read(&seed, &answer);
	put_read(&seed, &https);
	write_seed(folder, "read-dns", &seed);
	put_read(&seed, &hello);
	put_read(&seed, &body);
	put_read(&seed, &message);
	write_seed(folder, "read-hello", &seed);
}

/* As many ends as make the tables full. */
static void put_crowd(struct wire *seed, unsigned what, const void *bytes, unsigned count)
{
	wire_u8(seed, NAMES_CROWD);
	wire_u8(seed, what);
	wire_u8(seed, 255);
	wire_u8(seed, count);
	wire_bytes(seed, bytes, count);
}

static void write_crowd(const char *folder)
{
	static const char response[] = "\0\40\x42\x42\x81\x80\0\0\0\0\0\0\0";
	struct wire seed = {0};

	put_crowd(&seed, 0, "\0\65\4\0\0\40\0\0", 8);
	put_crowd(&seed, 1, response, 14);
	put_crowd(&seed, 2, "\26\3\1\0\100\1\0\0", 8);
	put_crowd(&seed, 0x81, "\0\65\4\0\0\40\0\0", 8); /* of one end each, with gaps */
	put_crowd(&seed, 0x82, response, 14);
	put_crowd(&seed, 0x80, "\26\3\1\0\100\1\0\0", 8);
	wire_u8(&seed, NAMES_LEARN);
	wire_u8(&seed, 7);
	wire_u8(&seed, 200);
	wire_u8(&seed, 3);
	wire_u8(&seed, NAMES_PAUSE);
	wire_u8(&seed, 90);
	wire_u8(&seed, NAMES_LEARN);
	wire_u8(&seed, 8);
	wire_u8(&seed, 1);
	wire_u8(&seed, 0);
	write_seed(folder, "crowd", &seed);
}

static void write_names(const char *folder)
{
	struct wire message = alias_message(), seed = {0};

	put_answer_step(&seed, &message);
	message = https_message();
	put_answer_step(&seed, &message);
	message = unasked_message();
	put_answer_step(&seed, &message);
	write_seed(folder, "answers", &seed);
	write_stream(folder);
	write_fragments(folder);
	write_hellos(folder);
	write_alpn(folder);
	write_initials(folder);
	write_gquic(folder);
	write_reads(folder);
	write_crowd(folder);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	write_names(argv[1]);
	return 0;
}
