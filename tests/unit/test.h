/* What every cmocka test needs, in the order cmocka wants it. */
#ifndef PARE_TEST_H
#define PARE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
