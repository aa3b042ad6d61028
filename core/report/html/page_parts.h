/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page of -o html without its data; made of the files beside this one by embed.cmake. */
#ifndef ST_REPORT_PAGE_PARTS_H
#define ST_REPORT_PAGE_PARTS_H

#include <stdint.h>

/* UTF-8, with a closing zero each. */
extern const uint8_t page_head[]; /* up to the data */
extern const uint8_t page_tail[]; /* behind them */

#endif
