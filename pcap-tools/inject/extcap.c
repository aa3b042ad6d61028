/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each question of Wireshark's and its answer. Nothing here needs a privilege:
 * a capture is an ordinary run, whose errors Wireshark shows.
 */
#include "extcap.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <servicetrace/report.h>

#include "capture.h"
#include "database.h"
#include "failure.h"
#include "filter.h"
#include "interface.h"
#include "output.h"

/* From the program's folder, of an installation as well as of a build. */
#define HELP_BESIDE_PROGRAM "../share/servicetrace/wireshark.md"

/* What libpcap says of `inbound` and the like where there is no live interface to ask. */
#define ONLY_LIVE "savefiles"

/* Wireshark offers the help only where there is one. */
static char *help_uri(void)
{
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);

	if (program == NULL)
		return NULL;
	g_autofree char *folder = g_path_get_dirname(program);
	g_autofree char *beside = g_build_filename(folder, HELP_BESIDE_PROGRAM, NULL);
	g_autofree char *path = g_canonicalize_filename(beside, NULL);
	return g_file_test(path, G_FILE_TEST_EXISTS) ? g_filename_to_uri(path, NULL, NULL) : NULL;
}

static void add_interface(GString *text, const char *name)
{
	g_autofree char *value = g_strconcat(EXTCAP_INTERFACE_PREFIX, name, NULL);
	g_autofree char *display = g_strconcat("Service Traceroute: ", name, NULL);

	g_string_append(text, "interface ");
	extcap_member(text, "value", value);
	extcap_member(text, "display", display);
	g_string_append_c(text, '\n');
}

static char *interfaces_text(GError **error)
{
	g_autoptr(GPtrArray) names = interface_traceable(error);
	g_autofree char *help = help_uri();

	if (names == NULL)
		return NULL;
	GString *text = g_string_new("extcap ");
	extcap_member(text, "version", st_version());
	extcap_member(text, "help", help);
	extcap_member(text, "display", "Service Traceroute");
	g_string_append_c(text, '\n');
	for (guint i = 0; i < names->len; i++)
		add_interface(text, g_ptr_array_index(names, i));
	return g_string_free(text, FALSE);
}

/* What the named interface's frames begin with; without a name, as most do. */
static int link_type_of(const struct extcap_request *request)
{
	return request->interface == NULL ? DLT_EN10MB : interface_link_type(request->interface);
}

static char *link_types_text(const struct extcap_request *request)
{
	int link_type = link_type_of(request);
	const char *name = pcap_datalink_val_to_name(link_type);
	const char *description = pcap_datalink_val_to_description(link_type);
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "dlt {number=%d}", link_type);
	extcap_member(text, "name", name == NULL ? "UNKNOWN" : name);
	extcap_member(text, "display", description == NULL ? "unknown" : description);
	g_string_append_c(text, '\n');
	return g_string_free(text, FALSE);
}

/* Signatures with faults are left out: the capture will say what is wrong with them. */
static char *dialog_text(const struct extcap_request *request)
{
	g_autoptr(GPtrArray) paths = extcap_request_values(request, "signatures");
	const struct extcap_field *field =
		request->reload == NULL ? NULL : extcap_field_find(request->reload);
	struct st_signatures *services = database_read(paths);
	char *text =
		field == NULL ? extcap_dialog(services) : extcap_dialog_choices(field, services);

	st_signatures_free(services);
	return text;
}

/* Empty if the filter is good, which is what Wireshark looks at. */
static char *filter_text(const struct extcap_request *request)
{
	const struct st_selection selection = {.all = true};
	const struct filter_request wanted = {.selection = &selection,
					      .expression = request->filter};
	pcap_t *frames = pcap_open_dead(link_type_of(request), CAPTURE_SNAP_BYTES);
	struct filter filter = {0};
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	if (!filter_make(&filter, frames, &wanted, &error) &&
	    strstr(error->message, ONLY_LIVE) == NULL)
		text = g_strdup_printf("%s\n", error->message);
	filter_clear(&filter);
	pcap_close(frames);
	return text == NULL ? g_strdup("") : text;
}

/* Waits until Wireshark has opened its end. */
static bool open_fifo(const char *path, GError **error)
{
	if (path == NULL) {
		g_set_error_literal(error, FAILURE_ERROR, FAILURE_USAGE, "--fifo is missing");
		return false;
	}
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0;
	if (!good)
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "cannot write %s: %s", path,
			    g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return good;
}

static char *answer_text(const struct extcap_request *request, GError **error)
{
	switch (request->action) {
	case EXTCAP_LIST_INTERFACES:
		return interfaces_text(error);
	case EXTCAP_LIST_LINK_TYPES:
		return link_types_text(request);
	case EXTCAP_SHOW_DIALOG:
		return dialog_text(request);
	case EXTCAP_CHECK_FILTER:
		return filter_text(request);
	case EXTCAP_NOTHING:
	case EXTCAP_CAPTURE:
		break;
	}
	return g_strdup("");
}

/*
 * The pipe comes first, whatever is wrong: Wireshark 4.0 waits without end for a
 * program that never opens it, and does not show what it said.
 */
static char **begin_capture(const struct extcap_request *request, bool good, GError **error)
{
	if (!open_fifo(request->fifo, good ? error : NULL) || !good)
		return NULL;
	return extcap_request_command(request, error);
}

static void print_answer(const struct extcap_request *request, GError **error)
{
	g_autofree char *text = answer_text(request, error);

	if (text != NULL)
		output_print(text, error);
}

char **extcap_answer(char *const *argv, GError **error)
{
	struct extcap_request request;
	char **command = NULL;
	bool good = extcap_request_read(&request, argv, error);

	if (request.action == EXTCAP_CAPTURE)
		command = begin_capture(&request, good, error);
	else if (good)
		print_answer(&request, error);
	extcap_request_clear(&request);
	return command;
}

bool extcap_is_stopped(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	return poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0;
}
