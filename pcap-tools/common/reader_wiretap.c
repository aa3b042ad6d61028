/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads captures through libwiretap, Wireshark's library. It is used for reading
 * alone: no plugin and no configuration is loaded, and its log is silent.
 * Link types become libpcap's numbers; headers that it has taken off are not put
 * back, the frame gets the link type of what is left.
 */
#include "wiretap.h"

#include <wiretap/pcap-encap.h>
#include <wiretap/wtap.h>
#include <wsutil/wslog.h>

#include "encapsulation.h"
#include "stamp.h"

#define FIRST_BYTES 2048 /* of the buffer, which grows */

struct wiretap {
	wtap *file;
	wtap_rec record;
	Buffer bytes;
	struct encapsulation latest;
};

const char *wiretap_link_name(uint32_t link_type)
{
	int encapsulation = encapsulation_of(link_type);
	const char *name = wtap_encap_description(encapsulation);

	return name == NULL || encapsulation == WTAP_ENCAP_UNKNOWN ? "unknown" : name;
}

static void initialize(void)
{
	static gsize is_ready;

	if (!g_once_init_enter(&is_ready))
		return;
	ws_log_set_level(LOG_LEVEL_ERROR);
	wtap_init(FALSE);
	g_once_init_leave(&is_ready, 1);
}

/* Both texts are libwiretap's; `detail`, which may be NULL, is freed. */
static char *error_text(int error, char *detail)
{
	const char *text = error < 0 ? wtap_strerror(error) : g_strerror(error);
	char *both = detail == NULL ? g_strdup(text) : g_strdup_printf("%s: %s", text, detail);

	g_free(detail);
	return g_strdelimit(both, "\n", ' ');
}

/*
 * libwiretap takes texts, pictures and much else for captures. A file that can hold
 * one link type only, and one that libpcap has no number for, is none of ours.
 */
static bool is_capture(wtap *file, char **why)
{
	int encapsulation = wtap_file_encap(file);

	if (wtap_file_type_subtype(file) == wtap_pcapng_file_type_subtype() ||
	    encapsulation == WTAP_ENCAP_PER_PACKET || encapsulation == WTAP_ENCAP_ERF ||
	    st_link_type_known(encapsulation_link_type(encapsulation)))
		return true;
	if (encapsulation_has_number(encapsulation))
		*why = g_strdup_printf("link type %s is not supported",
				       wtap_encap_description(encapsulation));
	return false;
}

struct wiretap *wiretap_open(const char *path, char **why)
{
	char *detail = NULL;
	int error = 0;
	wtap *file;

	initialize();
	file = wtap_open_offline(path, WTAP_TYPE_AUTO, &error, &detail, FALSE);
	if (file == NULL && error == WTAP_ERR_FILE_UNKNOWN_FORMAT)
		g_free(detail);
	else if (file == NULL)
		*why = error_text(error, detail);
	if (file == NULL)
		return NULL;
	if (!is_capture(file, why)) {
		wtap_close(file);
		return NULL;
	}
	struct wiretap *wiretap = g_new0(struct wiretap, 1);
	wiretap->file = file;
	wiretap->latest = ENCAPSULATION_NONE;
	wtap_rec_init(&wiretap->record);
	ws_buffer_init(&wiretap->bytes, FIRST_BYTES);
	return wiretap;
}

void wiretap_close(struct wiretap *wiretap)
{
	if (wiretap == NULL)
		return;
	ws_buffer_free(&wiretap->bytes);
	wtap_rec_cleanup(&wiretap->record);
	wtap_close(wiretap->file);
	g_free(wiretap);
}

static struct st_frame frame_of(struct wiretap *wiretap)
{
	const wtap_rec *record = &wiretap->record;
	const wtap_packet_header *header = &record->rec_header.packet_header;
	bool has_stamp = record->presence_flags & WTAP_HAS_TS;

	return (struct st_frame){
		.stamp_ns = has_stamp ? stamp_from(record->ts.secs, record->ts.nsecs) : 0,
		.bytes = ws_buffer_start_ptr(&wiretap->bytes),
		.captured_bytes = header->caplen,
		.wire_bytes = MAX(header->len, header->caplen),
		.link_type = encapsulation_of_frame(&wiretap->latest, header),
		.interface = encapsulation_interface(record),
	};
}

bool wiretap_next(struct wiretap *wiretap, struct st_frame *frame, char **why)
{
	char *detail = NULL;
	gint64 offset;
	int error = 0;

	do {
		wtap_rec_reset(&wiretap->record);
		if (!wtap_read(wiretap->file, &wiretap->record, &wiretap->bytes, &error, &detail,
			       &offset)) {
			if (error != 0)
				*why = error_text(error, detail);
			return false;
		}
	} while (wiretap->record.rec_type != REC_TYPE_PACKET);
	*frame = frame_of(wiretap);
	return true;
}
