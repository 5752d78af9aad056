/* The XML reader: what AWS sends is read exactly, everything else is refused. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "pare/buf.h"
#include "pare/str.h"
#include "pare/xml.h"

static void test_reads(void **state)
{
	(void)state;
	static const char text[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a:Root xmlns:a=\"urn:x\" b='c'>\n"
		"  <One> a&amp;b &#x41; </One>\n  <!-- words --><Two/><Two>second</Two>\n"
		"  <Mixed>x<Inner>y</Inner>z</Mixed><Blank> \n "
		"</Blank><C><![CDATA[<&>]]>!</C>\n</a:Root>\n";
	struct arena *a = arena_new(NULL);
	struct err e;
	const struct xml *x = xml_parse(a, text, strlen(text), &e);
	assert_non_null(x);
	assert_string_equal(x->name, "Root");
	assert_string_equal(x->text, "");
	assert_string_equal(xml_text(x, "One"), " a&b A ");
	assert_string_equal(xml_text(x, "Two"), "");
	assert_string_equal(xml_child(x, "Two")->next->text, "second");
	assert_string_equal(xml_text(x, "Mixed"), "xz");
	assert_string_equal(xml_text(xml_child(x, "Mixed"), "Inner"), "y");
	assert_string_equal(xml_text(x, "Blank"), " \n ");
	assert_string_equal(xml_text(x, "C"), "<&>!");
	assert_null(xml_text(x, "two"));
	assert_null(xml_text(NULL, "two"));
	assert_null(xml_child(NULL, "two"));
	arena_free(a);
}

static void test_refuses(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"",
		" ",
		"text",
		"<a>",
		"<a></b>",
		"<a/><b/>",
		"<a/>x",
		"<a b=1/>",
		"<a b='1' b='2'/>",
		"<!DOCTYPE a><a/>",
		"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
		"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
		"<!DOCTYPE a SYSTEM 'http://127.0.0.1/x'><a/>",
		"<a>&x;</a>",
		"<a>&#0;</a>",
		"<a>\x01</a>",
		"<a>\xff</a>",
		"<?php x?><a/>",
		"<a><?x y?></a>",
		"<x:a/><",
		"{\"a\":1}",
		"<a:/>",
		"<a><b:></b:></a>",
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct arena *a = arena_new(NULL);
		struct err e = {.kind = ERR_NONE};
		if (xml_parse(a, cases[i], strlen(cases[i]), &e) != NULL)
			fail_msg("'%s' was read", cases[i]);
		assert_int_equal(e.kind, ERR_INPUT);
		arena_free(a);
	}
	struct arena *a = arena_new(NULL);
	struct err e;
	assert_null(xml_parse(a, "<a>\0</a>", 8, &e));
	arena_free(a);
}

static const struct xml *nested(struct arena *a, size_t depth, struct err *e)
{
	struct buf *b = buf_new(a, 1 << 20);
	for (size_t i = 0; i < depth; i++)
		buf_puts(b, i + 1 == depth ? "<a/>" : "<a>");
	for (size_t i = 1; i < depth; i++)
		buf_puts(b, "</a>");
	return xml_parse(a, b->data, b->len, e);
}

static void test_bounds(void **state)
{
	(void)state;
	struct arena *a = arena_new(NULL);
	struct err e;
	assert_non_null(nested(a, 32, &e));
	assert_null(nested(a, 33, &e));
	assert_non_null(strstr(e.message, "nested too deeply"));
	assert_null(nested(a, 5000, &e));
	struct buf *many = buf_new(a, 64 << 20);
	buf_puts(many, "<a>");
	for (size_t i = 0; i < 1000000; i++)
		buf_puts(many, "<b/>");
	buf_puts(many, "</a>");
	assert_null(xml_parse(a, many->data, many->len, &e));
	assert_non_null(strstr(e.message, "too many elements"));
	struct buf *text = buf_new(a, 64 << 20);
	char piece[4096];
	memset(piece, 'x', sizeof piece);
	buf_puts(text, "<a>");
	for (size_t i = 0; i <= 32 * 1024 * 1024 / sizeof piece; i++)
		buf_put(text, piece, sizeof piece);
	buf_puts(text, "</a>");
	assert_null(xml_parse(a, text->data, text->len, &e));
	assert_non_null(strstr(e.message, "too much text"));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
