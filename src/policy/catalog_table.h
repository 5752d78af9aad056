/* catalog_table: the embedded catalogue's text; private to catalog.c. */
#ifndef PARE_CATALOG_TABLE_H
#define PARE_CATALOG_TABLE_H

#include <stddef.h>

extern const char catalog_table[];
extern const size_t catalog_table_len;

#endif
