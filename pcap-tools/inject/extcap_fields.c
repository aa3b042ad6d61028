/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of the dialog's fields, and the dialog in extcap's grammar. What is
 * done with the answers is left to extcap_request.c.
 */
#include "extcap_fields.h"

#include <string.h>

#include <servicetrace/report.h>

#include "values.h"

/* A category's entry in the tree must not have the id of a service. */
#define CATEGORY_PREFIX "category:"

#define TIME_PATTERN "^(0|[0-9]+([.][0-9]+)?(us|ms|s|min|h))$"
#define FLOW_PATTERN " *(tcp|udp) +[^ ,]+:[0-9]+ +[^ ,]+:[0-9]+ *"

static char *standard_algorithm(const struct st_config *config)
{
	return g_strdup(st_algorithm_text(config->algorithm));
}

static char *standard_probes(const struct st_config *config)
{
	return g_strdup_printf("%u", config->probes_per_hop);
}

static char *standard_first_ttl(const struct st_config *config)
{
	return g_strdup_printf("%u", config->first_ttl);
}

static char *standard_max_ttl(const struct st_config *config)
{
	return g_strdup_printf("%u", config->max_ttl);
}

static char *standard_wait(const struct st_config *config)
{
	return value_time_text(config->wait_ns);
}

static char *standard_inter_probe(const struct st_config *config)
{
	return value_time_text(config->inter_probe_ns);
}

static char *standard_inter_iteration(const struct st_config *config)
{
	return value_time_text(config->inter_iteration_ns);
}

static char *standard_retrace(const struct st_config *config)
{
	return value_time_text(config->retrace_ns);
}

static char *standard_rate(const struct st_config *config)
{
	return g_strdup_printf("%u", config->rate_pps);
}

static char *standard_any(G_GNUC_UNUSED const struct st_config *config)
{
	return g_strdup(EXTCAP_ANY);
}

static const struct extcap_choice protocols[] = {
	{EXTCAP_ANY, "TCP and UDP"},
	{"tcp", "TCP"},
	{"udp", "UDP"},
};
/* The words are the options --ipv4 and --ipv6. */
static const struct extcap_choice ip_versions[] = {
	{EXTCAP_ANY, "IPv4 and IPv6"},
	{"ipv4", "IPv4"},
	{"ipv6", "IPv6"},
};
static const struct extcap_choice algorithms[] = {
	{"concurrent", "All hops at once"},
	{"hop-by-hop", "Hop by hop"},
	{"packet-by-packet", "Packet by packet"},
};
static const struct extcap_choice tcp_probes[] = {
	{"stale", "Stale sequence number (harmless)"},
	{"exact", "Exact sequence number (as in the paper)"},
};
static const struct extcap_choice udp_probes[] = {
	{EXTCAP_ANY, "By IP version, not near the destination"},
	{"empty", "Empty datagram (as in the paper)"},
	{"checksum", "Two bytes, told apart by their checksum"},
	{"self-destruct", "Without checksum (IPv6 only)"},
};

#define CHOICES(table)                                                                             \
	.kind = EXTCAP_CHOICE, .choices = (table), .choice_count = G_N_ELEMENTS(table)
#define NUMBER(from, to) .kind = EXTCAP_NUMBER, .low = (from), .high = (to)
#define TIME .kind = EXTCAP_TEXT, .validation = TIME_PATTERN

#define FLOWS "Which flows"
#define SERVICES "Services"
#define PROBING "Probing"

/* In the order of the dialog; the groups are its tabs. */
static const struct extcap_field fields[] = {
	{.name = "service",
	 .option = "service",
	 .kind = EXTCAP_SERVICES,
	 .group = SERVICES,
	 .display = "Services",
	 .selects = true,
	 .separators = ",",
	 .tooltip = "Trace the flows of these services: their names are taken from DNS answers and "
		    "from the flows' own ClientHellos"},
	{.name = "more-services",
	 .option = "service",
	 .kind = EXTCAP_TEXT,
	 .group = SERVICES,
	 .display = "More services",
	 .selects = true,
	 .separators = ",",
	 .placeholder = "YouTube, my-service",
	 .tooltip = "Ids or names, with commas between them: of the list above, or of the "
		    "signatures below"},
	{.name = "signatures",
	 .option = "signatures",
	 .kind = EXTCAP_FILE,
	 .group = SERVICES,
	 .display = "Signatures",
	 .tooltip = "A file of signatures that is read beside the installed ones and your own"},
	{.name = "all",
	 .option = "all",
	 .kind = EXTCAP_FLAG,
	 .group = FLOWS,
	 .display = "Every flow",
	 .selects = true,
	 .tooltip = "Trace every TCP and UDP flow of this host"},
	{.name = "host",
	 .option = "host",
	 .kind = EXTCAP_TEXT,
	 .group = FLOWS,
	 .display = "Hosts",
	 .selects = true,
	 .separators = ", ",
	 .validation = "^[A-Za-z0-9_.:/*, -]*$",
	 .placeholder = "*.example.com, 192.0.2.0/24",
	 .tooltip = "Trace the flows with these peers: names, addresses or prefixes, with commas "
		    "between them"},
	{.name = "flow",
	 .option = "flow",
	 .kind = EXTCAP_TEXT,
	 .group = FLOWS,
	 .display = "This very flow",
	 .selects = true,
	 .separators = ",",
	 .validation = "^(" FLOW_PATTERN "(," FLOW_PATTERN ")*)?$",
	 .placeholder = "tcp 10.0.0.2:40312 192.0.2.7:443",
	 .tooltip = "Trace this very flow, in either direction; IPv6 addresses stand in brackets"},
	{.name = "port",
	 .option = "port",
	 /* No number: Wireshark would show 0 for none, and call it wrong. */
	 .kind = EXTCAP_TEXT,
	 .group = FLOWS,
	 .display = "Only with port",
	 .validation = "^[0-9]*$",
	 .placeholder = "443",
	 .tooltip = "Of the selected flows only those with this port at either end"},
	{.name = "protocol",
	 .option = "protocol",
	 .group = FLOWS,
	 CHOICES(protocols),
	 .display = "Only of protocol",
	 .standard = standard_any,
	 .tooltip = "Of the selected flows only those of this protocol"},
	{.name = "ip-version",
	 .option = NULL,
	 .group = FLOWS,
	 CHOICES(ip_versions),
	 .display = "Only of version",
	 .standard = standard_any,
	 .tooltip = "Of the selected flows only those of this version of IP"},
	{.name = "algorithm",
	 .option = "algorithm",
	 .group = PROBING,
	 CHOICES(algorithms),
	 .display = "Algorithm",
	 .standard = standard_algorithm,
	 .tooltip = "All hops at once is fastest; hop by hop waits for the answers of each hop, "
		    "packet by packet for each answer. The last two end after three silent hops"},
	{.name = "probes",
	 .option = "probes",
	 .group = PROBING,
	 NUMBER(1, ST_PROBES_PER_HOP_MAX),
	 .display = "Probes per hop",
	 .standard = standard_probes,
	 .tooltip = "How many probes each hop gets"},
	{.name = "first-ttl",
	 .option = "first-ttl",
	 .group = PROBING,
	 NUMBER(1, UINT8_MAX),
	 .display = "First TTL",
	 .standard = standard_first_ttl,
	 .tooltip = "The first distance that is probed"},
	{.name = "max-ttl",
	 .option = "max-ttl",
	 .group = PROBING,
	 NUMBER(1, UINT8_MAX),
	 .display = "Maximum TTL",
	 .standard = standard_max_ttl,
	 .tooltip = "The last distance that is probed"},
	{.name = "tcp-probe",
	 .option = "tcp-probe",
	 .group = PROBING,
	 CHOICES(tcp_probes),
	 .display = "TCP probes",
	 .tooltip = "Exact ones are refused where SACK is off: there they would do harm"},
	{.name = "udp-probe",
	 .option = "udp-probe",
	 .group = PROBING,
	 CHOICES(udp_probes),
	 .display = "UDP probes",
	 .standard = standard_any,
	 .tooltip = "To choose a kind says that the application bears such datagrams; they then "
		    "go up to the destination"},
	{.name = "wait",
	 .option = "wait",
	 .group = PROBING,
	 TIME,
	 .display = "Wait for a reply",
	 .standard = standard_wait,
	 .placeholder = "2s",
	 .tooltip = "With its unit: us, ms, s, min or h"},
	{.name = "inter-probe-time",
	 .option = "inter-probe-time",
	 .group = PROBING,
	 TIME,
	 .display = "Between two probes of a hop",
	 .standard = standard_inter_probe,
	 .placeholder = "1ms",
	 .tooltip = "With its unit: us, ms, s, min or h"},
	{.name = "inter-iteration-time",
	 .option = "inter-iteration-time",
	 .group = PROBING,
	 TIME,
	 .display = "Between two hops",
	 .standard = standard_inter_iteration,
	 .placeholder = "1ms",
	 .tooltip = "With its unit: us, ms, s, min or h"},
	{.name = "retrace",
	 .option = "retrace",
	 .group = PROBING,
	 TIME,
	 .display = "Trace a flow again after",
	 .standard = standard_retrace,
	 .placeholder = "10min",
	 .tooltip = "With its unit: us, ms, s, min or h. 0: each flow is traced once"},
	{.name = "border",
	 .option = "border",
	 .kind = EXTCAP_TEXT,
	 .group = PROBING,
	 .display = "Stop at border",
	 .separators = ", ",
	 .validation = "^[A-Fa-f0-9.:/, ]*$",
	 .placeholder = "192.0.2.1, 2001:db8::/32",
	 .tooltip = "A trace ends at these routers: addresses or prefixes, with commas between "
		    "them"},
	{.name = "rate",
	 .option = "rate",
	 .group = PROBING,
	 NUMBER(1, ST_RATE_LIMIT),
	 .display = "Probes a second",
	 .standard = standard_rate,
	 .tooltip = "At most so many, of all flows together"},
};

const struct extcap_field *extcap_field_find(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	}
	return NULL;
}

void extcap_member(GString *text, const char *name, const char *value)
{
	if (value == NULL)
		return;
	g_autofree char *good = g_strdup(value);
	for (char *at = good; *at != '\0'; at++) {
		if (*at == '{')
			*at = '(';
		else if (*at == '}')
			*at = ')';
		else if (g_ascii_iscntrl(*at))
			*at = ' ';
	}
	g_string_append_printf(text, "{%s=%s}", name, good);
}

static const char *type_text(enum extcap_kind kind)
{
	switch (kind) {
	case EXTCAP_TEXT:
		return "string";
	case EXTCAP_NUMBER:
		return "unsigned";
	case EXTCAP_FLAG:
		return "boolflag";
	case EXTCAP_CHOICE:
		return "selector";
	case EXTCAP_SERVICES:
		return "multicheck";
	case EXTCAP_FILE:
		return "fileselect";
	}
	g_assert_not_reached();
}

static size_t number_of(const struct extcap_field *field)
{
	return (size_t)(field - fields);
}

static void begin_value(GString *text, const struct extcap_field *field)
{
	g_string_append_printf(text, "value {arg=%zu}", number_of(field));
}

/* A choice without a default begins with it. */
static void add_choices(GString *text, const struct extcap_field *field,
			const struct st_config *config)
{
	g_autofree char *standard = field->standard == NULL ? g_strdup(field->choices[0].word)
							    : field->standard(config);

	for (size_t i = 0; i < field->choice_count; i++) {
		const struct extcap_choice *choice = &field->choices[i];

		begin_value(text, field);
		extcap_member(text, "value", choice->word);
		extcap_member(text, "display", choice->display);
		extcap_member(text, "default", strcmp(choice->word, standard) == 0 ? "true" : NULL);
		g_string_append_c(text, '\n');
	}
}

static const char *category_of(const struct st_service *service)
{
	return service->category == NULL || *service->category == '\0' ? "other"
								       : service->category;
}

static int by_category_and_name(const void *one, const void *other)
{
	const struct st_service *a = *(const struct st_service *const *)one;
	const struct st_service *b = *(const struct st_service *const *)other;
	g_autofree char *name = g_utf8_casefold(a->name, -1);
	g_autofree char *other_name = g_utf8_casefold(b->name, -1);
	int order = strcmp(category_of(a), category_of(b));

	return order != 0 ? order : g_utf8_collate(name, other_name);
}

static GPtrArray *sorted_services(const struct st_signatures *services)
{
	size_t count = services == NULL ? 0 : st_signatures_count(services);
	GPtrArray *sorted = g_ptr_array_new();

	for (size_t i = 0; i < count; i++)
		g_ptr_array_add(sorted, (gpointer)st_signatures_get(services, i));
	g_ptr_array_sort(sorted, by_category_and_name);
	return sorted;
}

static void add_category(GString *text, const struct extcap_field *field, const char *category)
{
	g_autofree char *id = g_strconcat(CATEGORY_PREFIX, category, NULL);

	begin_value(text, field);
	extcap_member(text, "value", id);
	extcap_member(text, "display", category);
	g_string_append(text, "{enabled=false}\n");
}

static void add_service(GString *text, const struct extcap_field *field,
			const struct st_service *service)
{
	g_autofree char *parent = g_strconcat(CATEGORY_PREFIX, category_of(service), NULL);

	begin_value(text, field);
	extcap_member(text, "value", service->id);
	extcap_member(text, "display", service->name);
	extcap_member(text, "parent", parent);
	g_string_append(text, "{enabled=true}\n");
}

/* Hundreds of services are found by their category. */
static void add_services(GString *text, const struct extcap_field *field,
			 const struct st_signatures *services)
{
	g_autoptr(GPtrArray) sorted = sorted_services(services);
	const char *category = NULL;

	for (guint i = 0; i < sorted->len; i++) {
		const struct st_service *service = g_ptr_array_index(sorted, i);

		if (g_strcmp0(category, category_of(service)) != 0) {
			category = category_of(service);
			add_category(text, field, category);
		}
		add_service(text, field, service);
	}
}

static void add_argument(GString *text, const struct extcap_field *field,
			 const struct st_config *config)
{
	g_autofree char *call = g_strconcat("--", field->name, NULL);
	g_autofree char *standard = field->standard == NULL || field->kind == EXTCAP_CHOICE
					    ? NULL
					    : field->standard(config);

	g_string_append_printf(text, "arg {number=%zu}", number_of(field));
	extcap_member(text, "call", call);
	extcap_member(text, "display", field->display);
	extcap_member(text, "type", type_text(field->kind));
	extcap_member(text, "tooltip", field->tooltip);
	if (field->kind == EXTCAP_NUMBER)
		g_string_append_printf(text, "{range=%u,%u}", field->low, field->high);
	extcap_member(text, "default", standard);
	extcap_member(text, "validation", field->validation);
	extcap_member(text, "placeholder", field->placeholder);
	extcap_member(text, "mustexist", field->kind == EXTCAP_FILE ? "true" : NULL);
	extcap_member(text, "group", field->group);
	g_string_append_c(text, '\n');
}

static void add_field_choices(GString *text, const struct extcap_field *field,
			      const struct st_config *config, const struct st_signatures *services)
{
	if (field->kind == EXTCAP_CHOICE)
		add_choices(text, field, config);
	else if (field->kind == EXTCAP_SERVICES)
		add_services(text, field, services);
}

/* Wireshark 4.0 crashes when it is to load an empty list again. */
static bool is_offered(const struct extcap_field *field, const struct st_signatures *services)
{
	return field->kind != EXTCAP_SERVICES ||
	       (services != NULL && st_signatures_count(services) > 0);
}

char *extcap_dialog(const struct st_signatures *services)
{
	GString *text = g_string_new(NULL);
	struct st_config config;

	st_config_init(&config);
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		if (!is_offered(&fields[i], services))
			continue;
		add_argument(text, &fields[i], &config);
		add_field_choices(text, &fields[i], &config, services);
	}
	return g_string_free(text, FALSE);
}

char *extcap_dialog_choices(const struct extcap_field *field, const struct st_signatures *services)
{
	GString *text = g_string_new(NULL);
	struct st_config config;

	st_config_init(&config);
	add_field_choices(text, field, &config, services);
	return g_string_free(text, FALSE);
}
