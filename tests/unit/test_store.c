/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the Wireshark plugin knows of each frame, at the time it is seen and later. */
#include "session_lab.h"

#include "store.h"

/* A file in the making: frames are numbered from 1. */
struct file {
	struct store *store;
	uint64_t now;
	uint32_t frame; /* the latest */
};

static struct file make_file(void)
{
	struct st_config config;

	st_config_init(&config);
	config.active = false;
	config.selection.all = true;
	return (struct file){.store = store_new(&config)};
}

static uint32_t put(struct file *file, const struct wire *wire, uint64_t pause_ns)
{
	struct st_frame frame = {
		.cookie = ++file->frame,
		.bytes = wire->bytes,
		.captured_bytes = (uint32_t)wire->count,
		.wire_bytes = (uint32_t)wire->count,
		.link_type = ST_LINK_ETHERNET,
	};

	file->now += pause_ns;
	frame.stamp_ns = 1700000000 * ST_NS_PER_S + file->now;
	store_frame(file->store, &frame);
	return file->frame;
}

static uint32_t send_probe(struct file *file, unsigned number)
{
	struct shot shot = rising(number, 1);
	struct wire wire = {0};

	wire_ethernet(&wire, 0x0800);
	put_shot(&wire, &shot, shot.ttl);
	return put(file, &wire, MS);
}

static uint32_t send_reply(struct file *file, unsigned number)
{
	struct shot shot = rising(number, 1);
	struct wire wire = {0}, quote = {0};

	put_shot(&quote, &shot, 1);
	wire_ethernet(&wire, 0x0800);
	put_ip4(&wire, ST_PROTOCOL_ICMP, 8 + quote.count, ROUTER(shot.ttl), CLIENT, 60);
	wire_u32(&wire, 11U << 24);
	wire_u32(&wire, 0);
	wire_bytes(&wire, quote.bytes, quote.count);
	return put(file, &wire, 2 * MS);
}

/* A packet becomes a probe when its reply comes: then both know of each other. */
static void test_late_knowledge(void)
{
	struct file file = make_file();
	uint32_t probe = send_probe(&file, 0), reply;
	const struct mark *mark;

	g_assert_null(store_marks(file.store, probe));
	reply = send_reply(&file, 0);
	mark = store_marks(file.store, probe);
	g_assert_nonnull(mark);
	g_assert_cmpint(mark->kind, ==, MARK_PROBE);
	g_assert_cmpuint(mark->hop, ==, 1);
	g_assert_cmpuint(mark->first_reply->frame, ==, reply);
	mark = store_marks(file.store, reply);
	g_assert_cmpint(mark->kind, ==, MARK_REPLY);
	g_assert_cmpuint(mark->probe->frame, ==, probe);
	g_assert_cmpint(mark->reply->rtt_ns, ==, 2 * MS);
	g_assert_true(store_flow(file.store, probe) == store_flow(file.store, reply));
	g_assert_true(store_has_passed(file.store, probe));
	g_assert_false(store_has_passed(file.store, reply));
	g_assert_null(store_marks(file.store, reply + 1000));
	g_assert_null(store_flow(file.store, reply + 1000));
	store_free(file.store);
}

/* Silent is what has waited long enough, or what nothing can answer any more. */
static void test_silence(void)
{
	struct file file = make_file();
	const struct mark *silent;
	uint32_t frame;

	send_probe(&file, 0);
	send_reply(&file, 0);
	frame = send_probe(&file, 1);
	send_probe(&file, 2);
	send_reply(&file, 2);
	silent = store_marks(file.store, frame);
	g_assert_false(store_is_silent(file.store, silent));
	store_review(file.store);
	g_assert_true(store_is_silent(file.store, silent));
	send_probe(&file, 3); /* the file goes on: a reply may come yet */
	g_assert_false(store_is_silent(file.store, silent));
	file.now += 3 * ST_NS_PER_S;
	send_probe(&file, 4);
	g_assert_true(store_is_silent(file.store, silent));
	store_free(file.store);
}

/* Hops as they are seen, then as they are reported. */
static void test_hops(void)
{
	struct file file = make_file();
	const struct store_trace *trace;
	struct st_hop hop;
	unsigned generation;

	for (unsigned i = 0; i < 3; i++) {
		send_probe(&file, i);
		if (i != 1)
			send_reply(&file, i);
	}
	g_assert_cmpuint(store_trace_count(file.store), ==, 1);
	g_assert_null(store_trace(file.store, 2));
	trace = store_trace(file.store, 1);
	g_assert_null(trace->result);
	g_assert_true(store_hop(file.store, trace, 2, &hop));
	g_assert_cmpuint(hop.sent, ==, 1);
	g_assert_cmpuint(hop.reply_count, ==, 0);
	g_assert_true(store_hop(file.store, trace, 3, &hop));
	g_assert_cmpint(hop.replies[0].rtt_ns, ==, 2 * MS);
	g_assert_false(store_hop(file.store, trace, 4, &hop));

	generation = trace->generation;
	store_review(file.store);
	g_assert_cmpuint(trace->generation, >, generation);
	g_assert_nonnull(trace->result);
	assert_hops(trace->result, "1:1/1 2:1/0 3:1/1");
	g_assert_true(store_hop(file.store, trace, 3, &hop));
	g_assert_cmpuint(hop.reply_count, ==, 1);
	store_free(file.store);
}

static void test_copies(void)
{
	struct file file = make_file();
	uint32_t probe = send_probe(&file, 0), again = send_probe(&file, 0);
	uint32_t reply = send_reply(&file, 0), reply_again = send_reply(&file, 0);

	g_assert_cmpint(store_marks(file.store, again)->kind, ==, MARK_COPY);
	g_assert_cmpuint(store_marks(file.store, again)->original->frame, ==, probe);
	g_assert_cmpint(store_marks(file.store, reply_again)->kind, ==, MARK_COPY);
	g_assert_cmpuint(store_marks(file.store, reply_again)->original->frame, ==, reply);
	store_free(file.store);
}

/* A read filter rejects a frame: the next one gets its number. What was learned of it remains. */
static void test_rejected(void)
{
	struct file file = make_file();
	uint32_t probe, reply;
	const struct mark *mark;

	send_probe(&file, 0);
	file.frame--;
	reply = send_reply(&file, 0);
	g_assert_cmpuint(reply, ==, 1);
	mark = store_marks(file.store, reply);
	g_assert_cmpint(mark->kind, ==, MARK_REPLY);
	g_assert_cmpint(mark->reply->rtt_ns, ==, 2 * MS);
	g_assert_null(mark->probe);
	g_assert_null(mark->next);

	probe = send_probe(&file, 1);
	send_reply(&file, 1);
	file.frame--;
	send_probe(&file, 2);
	mark = store_marks(file.store, probe);
	g_assert_cmpint(mark->kind, ==, MARK_PROBE);
	g_assert_cmpuint(mark->hop, ==, 2);
	g_assert_cmpuint(mark->first_reply->frame, ==, 0);
	reply = send_reply(&file, 2);
	mark = store_marks(file.store, reply);
	g_assert_cmpuint(mark->hop, ==, 3);
	g_assert_cmpuint(mark->probe->frame, ==, reply - 1);
	store_free(file.store);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/late-knowledge", test_late_knowledge);
	g_test_add_func("/store/silence", test_silence);
	g_test_add_func("/store/hops", test_hops);
	g_test_add_func("/store/copies", test_copies);
	g_test_add_func("/store/rejected", test_rejected);
	return g_test_run();
}
