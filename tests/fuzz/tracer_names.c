/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fuzz_tracer.c selects by names, and its steps that tell them: answers of
 * DNS, the program itself, rules. ClientHellos are tracer_hello.c's.
 */
#include "craft.h"
#include "dns_wire.h"
#include "service/signatures.h"
#include "service_lab.h"
#include "tracer_run.h"

/* The last is of no service, and no name that is selected. */
static const char *const hosts[] = {"www.video.test", "a.music.test",  "late.test",
				    "r1.late.test",   "www.full.test", "Cdn.Video.test",
				    "outer.test",     "other.test"};

#define HOST_OTHER (G_N_ELEMENTS(hosts) - 1)

static const char *const names[] = {"www.full.test", "*.music.test", "OUTER.test"};
static const char *const services[] = {"Video", "network"};

/* Added while the tracer runs. */
static const struct {
	const char *id;
	enum st_rule_kind kind;
	const char *text;
} rules[] = {
	{"video", ST_RULE_DOMAIN, "late.test"},
	{"network", ST_RULE_PREFIX, "10.0.0.8/29"},
	{"network", ST_RULE_PREFIX, "::/64"},
	{"music", ST_RULE_REGEX, "r[0-9]+\\.late\\.test"},
	{"video", ST_RULE_FULL_DOMAIN, "full.test"},
	{"video", ST_RULE_REGEX, "(broken"},
	{"none", ST_RULE_DOMAIN, "late.test"},
	{"network", ST_RULE_PREFIX, "0.0.0.9"},
};

static struct st_signatures *make_database(void)
{
	struct st_signatures *signatures = make_signatures();

	st_signatures_add_rule(signatures, "music", ST_RULE_REGEX, "a\\.music\\.test");
	return signatures;
}

/* A file takes a service's place. */
static void replace_service(struct run *run, uint8_t what)
{
	static const char file[] = "[Service]\nName=Video anew\nDomains=video.test;late.test\n";

	signatures_load_text(run->signatures, what & 1 ? "video.service" : "network.service", file,
			     what & 2 ? sizeof(file) - 1 : 30);
}

static void select_by_name(struct st_selection *selection, uint8_t what)
{
	selection->all = !(what & 3);
	if (what & 1) {
		selection->names = names;
		selection->name_count = G_N_ELEMENTS(names);
	}
	if (what & 2) {
		selection->services = services;
		selection->service_count = G_N_ELEMENTS(services);
	}
}

static const struct st_prefix peer = {.addr = {4, {10, 0, 0, 9}}, .bits = 32};

void names_configure(struct run *run, struct input *input)
{
	struct st_selection *selection = &run->config.selection;
	uint8_t what = take(input), how = take(input);

	run->signatures = make_database();
	run->config.signatures = what & 2 || how & 2 ? run->signatures : NULL;
	run->config.report_flows = how & 1;
	select_by_name(selection, what);
	selection->port = what & 4 ? 80 : 0;
	selection->ip_version = what & 8 ? 4 + (what >> 3 & 2) : 0;
	if (what & 32)
		selection->protocol = what & 64 ? ST_PROTOCOL_TCP : ST_PROTOCOL_UDP;
	if (what & 128) {
		selection->hosts = &peer;
		selection->host_count = 1;
	}
	run->may_match = selection->all || selection->host_count;
}

void names_free_all(struct run *run)
{
	st_signatures_free(run->signatures);
}

static bool is_below(const char *host, const char *domain)
{
	const char *tail =
		g_str_has_suffix(host, domain) ? host + strlen(host) - strlen(domain) : NULL;

	return tail && (tail == host || tail[-1] == '.');
}

bool names_exclude(const struct run *run, const char *host)
{
	const struct st_selection *selection = &run->config.selection;

	if (selection->all || selection->host_count)
		return false;
	if (selection->name_count &&
	    (strcmp(host, "www.full.test") == 0 || strcmp(host, "outer.test") == 0 ||
	     g_str_has_suffix(host, ".music.test")))
		return false;
	return !selection->service_count ||
	       !(is_below(host, "video.test") || is_below(host, "video-cdn.test"));
}

const char *names_take_host(struct run *run, struct input *input)
{
	unsigned number = take(input) % G_N_ELEMENTS(hosts);

	run->may_match |= number != HOST_OTHER;
	return hosts[number];
}

void names_alter(struct run *run, struct input *input, struct wire *wire)
{
	for (unsigned times = take(input) & 3; times > 0; times--) {
		wire->bytes[take_u16(input) % wire->count] ^= take(input);
		run->may_match = true;
	}
}

static void put_dns(struct run *run, struct input *input, struct wire *message, uint8_t what)
{
	static const char *const addresses[] = {"10.0.0.9", "0.0.0.9", "::9", "10.9.0.2"};
	const char *asked = names_take_host(run, input), *owner = asked;

	dns_wire_header(message, DNS_FLAGS, 1, what & 4 ? 2 : 1);
	dns_wire_question(message, asked, DNS_TYPE_A);
	if (what & 4) {
		owner = names_take_host(run, input);
		dns_wire_alias(message, asked, owner);
	}
	dns_wire_address(message, owner, addresses[what >> 4 & 3], take(input));
	names_alter(run, input, message);
}

/* To one of the flows' clients, or another. */
void names_answer(struct run *run, struct input *input)
{
	uint8_t what = take(input);
	struct craft_ends ends = {.is_v6 = what & 2,
				  .net = what & 64 ? 0 : 10,
				  .source = 53,
				  .destination = what & 128 ? 3 : 2,
				  .source_port = 53,
				  .destination_port = 33};
	struct wire message = {0}, wire = {0};

	run->is_told = true;
	put_dns(run, input, &message, what);
	if (what & 1) {
		craft_tcp(&wire, &ends, take(input), 1, 0x18, message.count + 2);
		wire_u16(&wire, (unsigned)message.count);
	} else {
		craft_udp(&wire, &ends, message.count);
	}
	wire_bytes(&wire, message.bytes, message.count);
	run_show(run, wire.bytes, wire.count, ST_DIRECTION_IN, ST_LINK_RAW, what & 8);
}

void names_tell(struct run *run, struct input *input)
{
	static const struct st_addr addresses[] = {
		{4, {10, 0, 0, 9}}, {4, {0, 0, 0, 9}}, {6, {[15] = 9}}, {0, {0}}};
	uint8_t what = take(input);
	const struct st_addr *addr = &addresses[what % G_N_ELEMENTS(addresses)];
	bool is_name = !(what & 4);
	const char *name = is_name ? names_take_host(run, input) : "no name";
	enum st_status status = st_tracer_tell_name(run->tracer, run->now, addr, name);

	run->is_told = true;
	must((status == ST_OK) == (is_name && addr->version != 0));
}

void names_add_rule(struct run *run, struct input *input)
{
	uint8_t what = take(input);
	unsigned number = what % G_N_ELEMENTS(rules);

	if (!run->signatures)
		return;
	run->may_match = run->is_told = true;
	if (what & 128)
		replace_service(run, what);
	else if (what & 64)
		(void)st_signatures_add_service(run->signatures, what & 8 ? "video" : "new",
						what & 16 ? "Another" : NULL);
	else
		(void)st_signatures_add_rule(run->signatures, rules[number].id, rules[number].kind,
					     rules[number].text);
}
